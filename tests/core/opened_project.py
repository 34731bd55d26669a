"""A project as tests hold it: its state is read anew at every look, as each job reads it."""

from labelloop.domain.next_step import Progress
from labelloop.domain.predictions import Prediction
from labelloop.domain.release_labels import Given
from labelloop.domain.rounds import Round
from labelloop.state.load import load
from labelloop.state.progress import progress
from labelloop.state.project_state import ProjectState
from labelloop.state.release_parts import release_parts
from labelloop.state.round_content import closed_round
from labelloop.stores.book import Book
from labelloop.stores.certify_files import read_answers


class OpenedProject:
    """One project of a book."""

    def __init__(self, book: Book, project_id: int) -> None:
        self.book, self.ledger, self.id = book, book.ledger, project_id
        self.mirror = book.mirror(project_id)

    @property
    def state(self) -> ProjectState:
        """Return the project's state now."""
        return load(self.book, self.id)

    def now(self) -> tuple[Book, ProjectState]:
        """Return what a step is given."""
        return self.book, self.state

    def progress(self) -> Progress:
        """Return how far the project has come."""
        return progress(self.state)

    def round(self, number: int) -> Round | None:
        """Return a closed round's content."""
        return closed_round(self.book, self.state, number)

    def answers(self) -> dict[int, Prediction]:
        """Return what the certified version predicts, as far as that is stored."""
        looped = self.state.looped
        return read_answers(self.book, looped.chunks_of(looped.attempt)) if looped.attempt else {}

    def release_labels(self) -> dict[int, Given]:
        """Return each task's label as the release under way would have it."""
        parts = release_parts(self.book, self.state)
        return {task_id: given for (part, *_) in parts for task_id, given in part.finished.labels.items()}

    def release_waits_for(self) -> list[int]:
        """Return the tasks that a person must label before the release under way can be written."""
        parts = release_parts(self.book, self.state)
        return sorted({task_id for every in parts for part in every for task_id in part.finished.waiting})
