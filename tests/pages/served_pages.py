"""The service in front of made-up projects, as a browser reaches it: with a queue, a worker, and no Label Studio."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from flask import Flask
from rq.job import JobStatus
from rq.results import Result
from werkzeug.serving import WSGIRequestHandler, make_server

from labelloop.domain.certify_plan import CertifyPlan
from labelloop.finding import Finding, Level
from labelloop.rules import Rules
from labelloop.settings import Settings
from labelloop.steps.rule_effects import RuleEffect
from ml_backend.app import EXTENSION, create_app
from ml_backend.pages import annotator_names, rules_page
from ml_backend.pages.certify_plans import CertifyPlans
from ml_backend.pages_app import PAGES_DESK
from tests.local.proc import eventually
from tests.ml_backend.stage import PASSWORD, SECRET
from tests.pages.showroom import LEAD, certify, furnish, publish
from tests.pages.showroom_words import Words
from tests.pages.world import World
from workers.admin import doctor
from workers.admin.change_rules import PlannedRules
from workers.jobs.app_context import open_serving_context
from workers.jobs.job_queue import Bell
from workers.jobs.open_stores import open_bell, open_book
from workers.jobs.worker import open_worker
from workers.local.redis import start_redis

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

IN_ROUNDS, RELEASED, NEW, SEVERAL = 12, 13, 14, 15
"""Projects: one that is labelled in rounds, one that is released, one that is a minute old, one of several fields."""
FINDINGS = (
    Finding(Level.FAULT, "A job has failed for good: fit-13-4.", "See its error below, then try it again."),
    Finding(Level.WARN, "The disk has 4 GB left.", "Make room, or set LABELLOOP_DATA_DIR to a larger disk."),
    Finding(Level.OK, "Label Studio answers."),
    Finding(Level.OK, "Redis answers."),
)

PLAN = CertifyPlan(
    *("v5", 1, 0.05, 0.05, 250, 1210, 59, 8, 20, 290),
    share=0.8,
    low=0.7,
    high=0.9,
    audit_tasks=160,
    ends_relabel=3,
    seconds=9.0,
)

EFFECTS = (
    RuleEffect("round_size", "a round closes at once: it takes 10 new labels, and there are 14", grave=True),
    RuleEffect("margin", "verdicts follow it from the next round on; those that were given stay"),
)


@dataclass(frozen=True)
class ServedPages:
    """The address of the service, and a lead's session in it."""

    url: str
    session: str

    def visit(self, browser: "Browser", **how: Any) -> "BrowserContext":
        """Return a window of its own, in which the lead is logged in; `how` is what Playwright takes."""
        context = browser.new_context(base_url=self.url, **how)
        context.add_cookies([{"name": "labelloop_session", "value": self.session, "url": self.url}])
        return context


@contextmanager
def served_pages(folder: Path, words: Words) -> Iterator[ServedPages]:
    """Serve made-up projects of these words from an empty folder; raises where Valkey does not start."""
    with ExitStack() as stack:
        queue = start_redis(folder / "valkey")
        stack.callback(queue.process.stop)
        settings = Settings(
            _env_file=None,
            data_dir=folder,
            label_studio_url="http://127.0.0.1:1",
            label_studio_token="0" * 40,
            redis_url=queue.url,
            backend_password=PASSWORD,
            webhook_secret=SECRET,
            leads=LEAD.name,
            refresh_s=600,
            log_level="CRITICAL",
        )
        _furnish_all(settings, words)
        stack.enter_context(patch.object(CertifyPlans, "of", lambda *_: PLAN))
        stack.enter_context(patch.object(rules_page, "plan_rules", lambda *_: PlannedRules(Rules(), (), EFFECTS)))
        stack.enter_context(patch.object(doctor, "examine", lambda _: FINDINGS))
        stack.enter_context(patch.object(annotator_names, "_names", lambda _: words.people))
        app = create_app(open_serving_context(settings))
        stack.callback(app.extensions[EXTENSION].close)
        desk = app.extensions[PAGES_DESK]
        assert eventually(lambda: desk.doctor.newest is not None)
        yield ServedPages(stack.enter_context(_served(app)), _session(app))


def _furnish_all(settings: Settings, words: Words) -> None:
    book = open_book(settings)
    world = World(book)
    furnish(world, IN_ROUNDS, words)
    furnish(world, RELEASED, replace(words, title=words.older))
    certify(world, RELEASED, words)
    world.connect(NEW, "Support tickets")
    publish(world, NEW)
    fields = (words.field, f"{words.field} 2")
    world.connect(SEVERAL, words.older, fields, words.labels)
    for number in (1, 2):
        world.round(SEVERAL, number, (0.5 + number / 10, 0.6 + number / 10), fields=fields)
    book.ledger.engine.dispose()
    bell = open_bell(settings)
    _work(bell)
    bell.redis.close()


def _work(bell: Bell) -> None:
    """Let a worker be alive and a job of the released project have failed."""
    open_worker(bell.redis).register_birth()  # type: ignore[no-untyped-call]
    name = f"fit-{RELEASED}-4"
    bell.enqueue("fit", RELEASED, 4)
    job = bell.queue.fetch_job(name)
    assert job is not None
    bell.queue.remove(job)
    job.set_status(JobStatus.FAILED)
    bell.queue.failed_job_registry.add(job, ttl=3600)
    Result.create_failure(job, 3600, "torch.OutOfMemoryError: CUDA out of memory")


def _session(app: Flask) -> str:
    """Return the cookie of somebody who has logged in."""
    signer: Any = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    return str(signer.dumps({"name": LEAD.name, "nonce": "once", "_permanent": True}))


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing of requests."""


@contextmanager
def _served(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
