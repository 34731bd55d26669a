"""GET /metrics: what an operator alerts on, in Prometheus' text format."""

import shutil
import time
from collections.abc import Iterable
from pathlib import Path

import structlog
from flask import Blueprint, Flask, Response, g, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from labelloop.domain.lookup import newest
from labelloop.domain.records import ClosedRound
from labelloop.state.deployed_fields import deployed_fields
from labelloop.stores.ledger import Ledger
from ml_backend.serving import Serving
from workers.jobs.job_queue import Bell

log = structlog.get_logger()


class Metrics:
    """Counts of this process, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter("labelloop_requests", "Requests answered", ["route", "status"], registry=self.registry)
        self._seconds = Histogram(
            "labelloop_request_seconds", "Time to answer a request", ["route"], registry=self.registry
        )
        self._predictions = Counter(
            "labelloop_predictions", "Predictions given to Label Studio on request", ["project"], registry=self.registry
        )
        self._blind = Counter(
            "labelloop_blind", "Tasks asked about and deliberately left alone", ["project"], registry=self.registry
        )

    def count_entries(self, project_id: int, *, made: int, blind: int) -> None:
        """Count the entries of one /predict answer."""
        self._predictions.labels(project_id).inc(made)
        self._blind.labels(project_id).inc(blind)

    def watch_requests(self, app: Flask) -> None:
        """Count, time and log every request in one line that never holds its body."""

        @app.before_request
        def begin() -> None:
            g.began = time.perf_counter()

        @app.after_request
        def end(response: Response) -> Response:
            seconds = time.perf_counter() - g.began
            route = request.url_rule.rule if request.url_rule else "unknown"
            self._requests.labels(route, response.status_code).inc()
            self._seconds.labels(route).observe(seconds)
            facts = {key: g.get(key) for key in ("project", "tasks", "blind", "version") if key in g}
            line = log.debug if route in ("/health", "/metrics") else log.info
            line("request", route=route, status=response.status_code, ms=round(1000 * seconds, 1), **facts)
            return response


class LoopState(Collector):
    """Gauges that are read when somebody asks; a neighbour that is away is itself a figure."""

    def __init__(self, serving: Serving, ledger: Ledger, bell: Bell, data_dir: Path) -> None:
        self._serving, self._ledger, self._bell, self._data_dir = serving, ledger, bell, data_dir

    def describe(self) -> Iterable[Metric]:
        """Name nothing in advance: registering must not ask the neighbours."""
        return []

    def collect(self) -> Iterable[Metric]:
        """Read every gauge."""
        up = GaugeMetricFamily("labelloop_neighbour_up", "Whether a neighbour answers", labels=["neighbour"])
        for neighbour, read in (("ledger", self._loops), ("redis", self._queue)):
            try:
                found = list(read())
            except (SQLAlchemyError, RedisError, OSError):
                found = []
            up.add_metric([neighbour], float(bool(found)))
            yield from found
        yield up
        yield self._deployed()
        yield self._not_loaded()
        free = shutil.disk_usage(self._data_dir).free
        yield GaugeMetricFamily("labelloop_disk_free_bytes", "Room left in the data folder", value=free)

    def _deployed(self) -> Metric:
        gauge = GaugeMetricFamily(
            "labelloop_deployed_info", "Which version answers in this process", labels=["project", "version"]
        )
        for snapshot in self._serving.snapshots():
            gauge.add_metric([str(snapshot.project_id), "+".join(one.version for one in snapshot.loaded)], 1)
        return gauge

    def _not_loaded(self) -> Metric:
        gauge = GaugeMetricFamily(
            "labelloop_version_not_loaded",
            "A deployed version that cannot be loaded here",
            labels=["project", "version"],
        )
        for project_id, version in self._serving.unloadable().items():
            gauge.add_metric([str(project_id), version], 1)
        return gauge

    def _loops(self) -> Iterable[Metric]:
        rounds = CounterMetricFamily("labelloop_rounds", "Rounds closed", labels=["project"])
        agreement = GaugeMetricFamily(
            "labelloop_agreement", "Agreement of the version that answers with people", labels=["project", "field"]
        )
        for project_id in self._ledger.projects():
            closed = self._ledger.newest(ClosedRound, project_id)
            rounds.add_metric([str(project_id)], closed.number if closed else 0)
            deployed = deployed_fields(self._ledger, project_id)
            for one in deployed.fields if deployed else ():
                evaluation = newest(one.evaluations, version=one.deployed_version)
                if evaluation and evaluation.agreement is not None:
                    agreement.add_metric([str(project_id), one.field.name], evaluation.agreement)
        return rounds, agreement

    def _queue(self) -> Iterable[Metric]:
        jobs = GaugeMetricFamily("labelloop_queue_jobs", "Jobs of the queue", labels=["state"])
        queues = self._bell.queues
        jobs.add_metric(["queued"], sum(queue.count for queue in queues))
        for state in ("scheduled", "started", "failed"):
            registries = [getattr(queue, f"{state}_job_registry") for queue in queues]
            jobs.add_metric([state], sum(registry.get_job_count(cleanup=False) for registry in registries))
        return (jobs,)


def routes(metrics: Metrics) -> Blueprint:
    """Return the route."""
    blueprint = Blueprint("metrics", __name__)

    @blueprint.get("/metrics")
    def show() -> ResponseReturnValue:
        return Response(generate_latest(metrics.registry), content_type=CONTENT_TYPE_LATEST)

    return blueprint
