"""A job as our workers take it: one of the loop's by name, with ids as JSON. Whatever else Redis holds is never run."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from rq.executions import Execution, ExecutionRegistry
from rq.job import Job

from labelloop.errors import UserError

MODULE = "workers.jobs.loop"
JOBS = ("collect", "fit", "tune", "evaluate", "deploy", "predict", "publish", "relabel", "ask_again")
UNREADABLE = "data that is not JSON of ours"
NAMES = frozenset(f"{MODULE}.{job}" for job in JOBS)


class JobRefused(UserError):
    """What stands in the queue is no job of the loop."""


class Executions(ExecutionRegistry):
    """The times a job was begun; one whose worker was killed is gone a minute before its name, and is passed over.

    RQ would call the job that another worker then finished a failure, and run it again.
    """

    def get_executions(self, start: int = 0, end: int = -1) -> list[Execution]:
        """Return those that are still known."""
        found = []
        for name in self.get_execution_ids(start, end):
            with suppress(ValueError):
                found.append(Execution.fetch(id=name, job_id=self.job_id, connection=self.connection))
        return found


class LoopJob(Job):
    """A job that can only be one of the loop's functions: whoever writes to Redis must not choose what runs here.

    RQ by itself imports and calls whatever a job names: the function, methods of an unpickled object, callbacks in any
    process that tidies up, addresses to be called afterwards. Here the function's name is compared before anything is
    imported, the data must be JSON, and the rest is passed over. A job that is refused fails at once and for good.
    """

    @property
    def func(self) -> Callable[..., Any]:
        """Return the function; raises JobRefused before anything is imported unless it is one of the loop's."""
        if self.func_name not in NAMES or self.instance is not None:
            self._refuse(f"{str(self.func_name)[:80]} is no job of the loop")
        if self.kwargs or not all(type(argument) in (int, str) for argument in self.args):
            self._refuse(f"{self.func_name} takes ids only")
        function: Callable[..., Any] = super().func
        return function

    @property
    def execution_registry(self) -> ExecutionRegistry:
        """Return the times it was begun."""
        return Executions(self.id, self.connection)

    def restore(self, raw_data: Mapping[Any, Any]) -> None:
        """Take over what Redis holds, without its callbacks and webhooks: the loop has none."""
        super().restore(raw_data)
        self._success_callback_name = self._failure_callback_name = self._stopped_callback_name = None
        self.webhooks = []

    def _deserialize_data(self) -> None:
        self._func_name, self._instance, self._args, self._kwargs = UNREADABLE, None, (), {}
        with suppress(Exception):  # whatever a stranger's bytes make of the serializer
            match self.serializer.loads(self.data):
                case [str() as name, instance, list() as arguments, dict() as named]:
                    self._func_name, self._instance, self._args, self._kwargs = name, instance, arguments, named

    def _refuse(self, reason: str) -> None:
        self.retries_left = 0
        raise JobRefused(
            f"Refused, not run: {reason}. Who can write to Redis? Give it a password (docs/operations.md)."
        )
