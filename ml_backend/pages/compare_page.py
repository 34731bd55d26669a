"""The page that compares two versions: how far apart they are, and on which tasks, with people's answers."""

from collections import Counter
from dataclasses import dataclass

from flask import Response

from labelloop.domain.promotion import FEWEST_AUDIT_TASKS
from labelloop.errors import BrokenPromise, NotFound, UserError
from labelloop.number_format import money
from labelloop.steps.compare_versions import Apart, VersionsCompared, compare_versions, in_field_of
from labelloop.stores.artifacts import Artifacts
from ml_backend.pages.desk import Desk, spoken
from ml_backend.pages.disputes_page import answer_text
from ml_backend.pages.page_figures import ProjectFigures
from ml_backend.pages.page_texts import Texts
from ml_backend.pages.versions_page import aliases_of, versions_page
from workers.admin.version_rows import VersionRow

MOST_TASKS = 200


@dataclass(frozen=True, slots=True)
class ApartView:
    """A task on which two versions differ; `closer` names the version that is closer to people, empty for neither."""

    id: int
    text: str
    one: str
    other: str
    people: tuple[tuple[str, int], ...]
    closer: str


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store has of a version: its megabytes and the names of what it was made from; None where unknown."""

    megabytes: float | None
    parents: tuple[str, ...]


def compare_page(desk: Desk, project: int, chosen: list[str]) -> Response:
    """Return the page, the list of versions with what is wrong where not two of one field are chosen.

    Raises NotConnected.
    """
    t = spoken()
    if len(chosen) != 2:
        return versions_page(desk, project, error=t("compare_choose"), code=400)
    state = desk.figures.state(project)
    try:
        state = in_field_of(state, *chosen)
        found = compare_versions(desk.book, state, *chosen)
    except (UserError, NotFound) as error:
        return versions_page(desk, project, error=str(error), code=400)
    figures = desk.figures.of(project)
    rows = {row.fit.version: row for row in figures.versions}
    return desk.page(
        "compare.html",
        project=project,
        title=state.connection.title,
        one=chosen[0],
        other=chosen[1],
        found=found,
        sentence=_sentence(found, t),
        counts={name: sum(_closer(task, found) == name for task in found.apart) for name in chosen},
        tasks=[_view(task, found) for task in found.apart[:MOST_TASKS]],
        most=MOST_TASKS,
        facts=[_facts(rows[name], desk.book.artifacts, figures, t) for name in chosen if name in rows],
    )


def stored(artifacts: Artifacts, artifact: str) -> Stored:
    """Return how large an artifact is, and what it was made from, as far as the store knows."""
    try:
        parents = tuple(artifacts.manifest(artifact)["parents"])
        return Stored(artifacts.size(artifact) / 1e6, tuple(name.rpartition("/")[2] for name in parents if name))
    except (BrokenPromise, OSError):
        return Stored(None, ())


def _sentence(found: VersionsCompared, t: Texts) -> str:
    difference = found.difference
    if difference.n < FEWEST_AUDIT_TASKS or found.low is None or found.high is None:
        return t("compare_few", n=difference.n)
    ends = {"low": f"{100 * found.low:+.1f}", "high": f"{100 * found.high:+.1f}"}
    names = {"one": found.one.version, "other": found.other.version}
    which = "compare_worse" if difference.mean < 0 else "compare_better"
    return t(which, points=t.points(difference.mean), n=difference.n, **names, **ends)


def _closer(task: Apart, found: VersionsCompared) -> str:
    if not task.gain:
        return ""
    return found.one.version if task.gain > 0 else found.other.version


def _view(task: Apart, found: VersionsCompared) -> ApartView:
    said = Counter(answer_text(value, task.text) for value in task.people)
    people = tuple(sorted(said.items(), key=lambda item: (-item[1], item[0])))
    one, other = (answer_text(value, task.text) for value in (task.one, task.other))
    return ApartView(task.id, task.text, one, other, people, _closer(task, found))


def _facts(row: VersionRow, artifacts: Artifacts, figures: ProjectFigures, t: Texts) -> dict[str, object]:
    kept = stored(artifacts, row.fit.artifact)
    return {
        "row": row,
        "alias": aliases_of(figures).get(row.fit.version, ""),
        "cost": money(row.measured.cost_per_1000) if row.measured else "–",
        "size": t("not_recorded") if kept.megabytes is None else t("megabytes", n=f"{kept.megabytes:,.1f}"),
        "parents": kept.parents,
    }
