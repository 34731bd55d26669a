"""What the models of a field are asked about tasks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from labelloop.domain.units import with_regions
from labelloop.domain.values import Span
from labelloop.state.field_mirror import field_mirror
from labelloop.state.project_state import ProjectState
from labelloop.stores.book import Book

Regions = Mapping[int, frozenset[Span]]
"""The regions of each task, by its id."""


@dataclass(frozen=True, slots=True)
class Questions:
    """The texts of tasks as the field in focus reads them, of a field about regions with these regions."""

    book: Book
    state: ProjectState
    regions: Regions = field(default_factory=dict)

    def __call__(self, ids: Sequence[int]) -> list[str]:
        """Return what a model is asked about each task."""
        texts = self.texts(ids)
        if not self.state.field.is_about_regions:
            return texts
        return [with_regions(text, self.regions.get(id_, ())) for id_, text in zip(ids, texts, strict=True)]

    def texts(self, ids: Sequence[int]) -> list[str]:
        """Return the texts alone."""
        tasks = field_mirror(self.book, self.state).tasks(ids)
        return [tasks[task_id].text for task_id in ids]
