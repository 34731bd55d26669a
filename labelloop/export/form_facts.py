"""What the data card of a release of several fields is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from labelloop.domain.records import Release
from labelloop.domain.release_row import ReleasedTask
from labelloop.export.facts import Facts, facts_of, newest_release, read_facts
from labelloop.state.project_state import ProjectState
from labelloop.stores.book import Book
from labelloop.stores.release_files import RELEASE_FILE, SUMMARY_FILE, read_summaries
from labelloop.stores.released_tasks import read_released_tasks, released_fields


@dataclass(frozen=True, slots=True)
class FormFacts:
    """A release of several fields: the facts of each, with its own rows, and the tasks with the labels of all.

    `left_out` counts by field and reason the tasks without a label.
    """

    fields: tuple[Facts, ...]
    tasks: tuple[ReleasedTask, ...]
    left_out: Mapping[str, Mapping[str, int]]

    @property
    def release(self) -> Release:
        """Return the release."""
        return self.fields[0].release

    @property
    def names(self) -> list[str]:
        """Return the names of the fields, in the order of their columns."""
        return [one.field.name for one in self.fields]


def read_released(book: Book, state: ProjectState) -> Facts | FormFacts:
    """Return the newest release with what led to it, of one field or of several; raises NotFound before the first."""
    release = newest_release(state)
    content = book.artifacts.read(release.artifact, RELEASE_FILE)
    every = replace(state, fields=(*state.fields, *state.former))  # one of them may be looped no more
    names = released_fields(content)
    if not names and len(every.fields) == 1:
        return read_facts(book, state)
    summaries = read_summaries(book.artifacts.read(release.artifact, SUMMARY_FILE))
    if not names:
        return read_facts(book, every.focused(summaries[0].field))
    tasks = read_released_tasks(content, names)
    return FormFacts(
        fields=tuple(
            facts_of(book, every.focused(name), release, (t.labels[name] for t in tasks if name in t.labels))
            for name in names
        ),
        tasks=tuple(tasks),
        left_out={one.field: one.left_out for one in summaries},
    )
