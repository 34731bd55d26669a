"""What operators see: metrics and one log line per request."""

import json
from datetime import UTC, datetime

import pytest
from redis import Redis

from labelloop.domain.records import ClosedRound, Evaluation
from labelloop.log import configure_logging
from tests.ml_backend.conftest import Start
from tests.ml_backend.stage import Stage, asked, task
from workers.jobs.job_queue import Bell

ROUND = ClosedRound(12, 3, 1, "enough labels", 30, 10, 5, 40, created_at=datetime(2026, 11, 22, tzinfo=UTC))


def test_metrics_say_what_an_operator_alerts_on(start: Start, stage: Stage, clean_redis_url: str) -> None:
    """Requests, predictions, the version, agreement, rounds, the queue, the disk."""
    stage.deploy(stage.fit())
    assert stage.book.record(ROUND, "round-3")
    figures = dict.fromkeys(Evaluation.__dataclass_fields__, 0.0) | {"agreement": 0.75, "n": 5}
    names = {"project_id": 12, "round_number": 3, "version": "v1", "created_at": ROUND.created_at, "artifact": ""}
    assert stage.book.record(Evaluation(**{**figures, **names}), "evaluation-3")  # type: ignore[arg-type]
    client = start(redis_url=clean_redis_url)
    with Redis.from_url(clean_redis_url) as redis:
        Bell(redis).ring(12)
    client.post("/predict", json=asked(task(1), task(2), task(5)))
    client.get("/nowhere")
    shown = client.get("/metrics").text.splitlines()
    for line in (
        'labelloop_requests_total{route="/predict",status="200"} 1.0',
        'labelloop_requests_total{route="unknown",status="404"} 1.0',
        'labelloop_request_seconds_count{route="/predict"} 1.0',
        'labelloop_predictions_total{project="12"} 2.0',
        'labelloop_blind_total{project="12"} 1.0',
        'labelloop_deployed_info{project="12",version="v1"} 1.0',
        'labelloop_agreement{field="mood",project="12"} 0.75',
        'labelloop_rounds_total{project="12"} 3.0',
        'labelloop_queue_jobs{state="queued"} 1.0',
        'labelloop_neighbour_up{neighbour="ledger"} 1.0',
        'labelloop_neighbour_up{neighbour="redis"} 1.0',
    ):
        assert line in shown
    assert any(line.startswith("labelloop_disk_free_bytes ") for line in shown)


def test_metrics_without_redis_say_that_redis_is_away(start: Start, stage: Stage) -> None:
    """An absent neighbour must not hide the other figures."""
    shown = start().get("/metrics").text
    assert 'labelloop_neighbour_up{neighbour="redis"} 0.0' in shown
    assert 'labelloop_rounds_total{project="12"} 0.0' in shown


def test_each_request_is_one_line_of_json_that_never_shows_a_text(
    start: Start, stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """Route, project, tasks, time and version; no text, no credentials."""
    stage.deploy(stage.fit())
    client = start()
    capsys.readouterr()
    client.post("/predict", json=asked(task(1, "a secret text")))
    client.get("/health")
    logged = capsys.readouterr().err
    (line,) = [json.loads(line) for line in logged.splitlines() if '"request"' in line]
    assert (line["route"], line["project"], line["tasks"], line["version"]) == ("/predict", 12, 1, "v1")
    assert line["ms"] > 0
    assert line["timestamp"].endswith("Z")
    assert "secret" not in logged


def test_the_standard_library_s_lines_are_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    """One stream, one format, whoever speaks."""
    import logging

    configure_logging("warning")
    logging.getLogger("neighbour").warning("慢 %s", 1)
    logging.getLogger("neighbour").info("not shown")
    (line,) = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert (line["event"], line["level"], line["logger"]) == ("慢 1", "warning", "neighbour")
