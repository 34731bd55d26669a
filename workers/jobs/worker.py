"""An RQ worker that notices dead colleagues within a minute and starts jobs without loading libraries again."""

import importlib
import multiprocessing
import os
from contextlib import suppress
from types import FrameType

import structlog
from redis import Redis
from rq import Worker
from rq.serializers import JSONSerializer

from labelloop.errors import LabelLoopError
from labelloop.log import configure_logging
from labelloop.plugins import learner_names
from labelloop.settings import Settings
from labelloop.state.project_encoders import project_encoders
from sync.config.label_config import label_interface
from workers.jobs.app_context import open_context
from workers.jobs.job_queue import BACKGROUND, QUEUE
from workers.jobs.loop_job import LoopJob
from workers.jobs.models_of_settings import open_encoders
from workers.jobs.open_stores import open_book

HEAVY = (
    "alembic.command",
    "httpcore",
    "label_studio_sdk.projects.client",
    "label_studio_sdk.tasks.client",
    "label_studio_sdk.tokens.client_ext",
    "numpy",
    "pyarrow.parquet",
    "scipy.optimize",
    "sklearn.cluster",
    "sklearn.linear_model",
    "onnxruntime",
    "workers.jobs.loop",
)

log = structlog.get_logger()


NICE = 10


class BackgroundWorker(Worker):
    """A worker whose jobs take minutes and go on where they were cut off: told to stop, it stops at once."""

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Stop now: what is being fitted goes back into the queue."""
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]
        if self.horse_pid:
            self.kill_horse()


def run_worker(settings: Settings, *, background: bool = False, burst: bool = False) -> None:
    """Work until stopped by a signal (with `burst`, until the queue is empty).

    With `background` it fits slow learners and nothing else, at low priority.
    """
    if background:
        os.nice(NICE)
    else:  # the other one needs it later, if at all: its first job sees to it
        _prepare_encoder(settings)
    for module in HEAVY:
        importlib.import_module(module)
    label_interface()
    learner_names()  # finds the installed learners, here and not in every job
    open_once(settings)
    worker = open_worker(Redis.from_url(settings.redis_url), background=background)
    worker.work(burst=burst, with_scheduler=not burst, logging_level="WARNING")


def open_once(settings: Settings) -> None:
    """Open what every job opens: jobs find the authorities of TLS read, and half of their start is over."""
    with suppress(LabelLoopError), open_context(settings) as context:  # what is wrong the first job says
        context.book.ledger.projects()


def open_worker(redis: Redis, *, background: bool = False) -> Worker:
    """Return a worker on our queue, or on the other one, which runs jobs of the loop and nothing else."""
    return (BackgroundWorker if background else Worker)(
        [BACKGROUND if background else QUEUE],
        connection=redis,
        serializer=JSONSerializer,
        job_class=LoopJob,
        worker_ttl=20,
        maintenance_interval=5,
        job_monitoring_interval=5,
    )


def _export(settings: Settings) -> None:
    configure_logging(settings.log_level)
    book, encoders = open_book(settings), open_encoders(settings)
    for name in project_encoders(book) or [str(settings.encoders.spec(None))]:
        encoders.named(name)


def _prepare_encoder(settings: Settings) -> None:
    # In a process of its own: torch's threads would not survive the fork for each job.
    child = multiprocessing.get_context("spawn").Process(target=_export, args=(settings,))
    child.start()
    child.join()
    if child.exitcode:
        log.error("encoder_not_prepared", advice="see the error above; the first job that needs it tries again")
