"""What a verdict rests on, task by task: who said what of the audit tasks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labelloop.domain.audited_regions import audited_regions
from labelloop.domain.disagreements import AuditedTask, Cells, cells_among_people, cells_of_model
from labelloop.domain.lookup import newest
from labelloop.domain.records import Verdict
from labelloop.state.project_state import ProjectState
from labelloop.state.round_content import as_measured, closed_round
from labelloop.stats.per_label import LabelScore
from labelloop.steps.verdict_figures import audited_tasks
from labelloop.steps.verdict_report import verdict_report
from labelloop.stores.book import Book


@dataclass(frozen=True, slots=True)
class Quality:
    """The newest verdict with its report, the audit tasks that it measured, and their texts by id."""

    verdict: Verdict
    report: dict[str, Any]
    tasks: tuple[AuditedTask, ...]
    texts: Mapping[int, str]

    @property
    def labels(self) -> tuple[LabelScore, ...]:
        """Return how well each label is found, as the report has it."""
        rows = self.report["consensus"]["labels"]
        return tuple(LabelScore(one["label"], one["people"], one["model"], one["both"]) for one in rows)

    @property
    def among_people(self) -> Cells:
        """Return what two people said of the same thing, with the tasks."""
        return cells_among_people(audited_regions(self.tasks))

    @property
    def of_model(self) -> Cells:
        """Return what the model and a person said of the same thing, with the tasks."""
        return cells_of_model(audited_regions(self.tasks))


def quality(book: Book, state: ProjectState) -> Quality | None:
    """Return what the newest verdict on the field in focus rests on, None before there is one."""
    verdict = newest(state.looped.verdicts)
    closed = closed_round(book, state, verdict.round_number) if verdict else None
    if verdict is None or closed is None:
        return None
    where = {"round_number": verdict.round_number, "version": verdict.version}
    measured = newest(state.looped.evaluations, **where)
    closed = as_measured(book, state, closed)
    tasks = tuple(audited_tasks(book, state.field, closed, measured)) if measured else ()
    known = {task.id for task in tasks}
    texts = {task.task.id: task.task.text for task in closed.tasks if task.task.id in known}
    return Quality(verdict, verdict_report(book, verdict), tasks, texts)
