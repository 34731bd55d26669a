"""What the learners share that train a pretrained checkpoint."""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Generic, TypeVar

from labelloop.learners.base import FitContext, Model, ModelContext
from labelloop.learners.training.pretrained import MAX_TOKENS
from labelloop.learners.training.run import TrainingRun, training_run

M = TypeVar("M", bound=Model)


class CheckpointLearner(ABC, Generic[M]):
    """A learner `name:CHECKPOINT`, a folder or a Hugging Face id; without it the project's encoder is trained."""

    name: str
    background = True

    def __init__(self, checkpoint: str = "") -> None:
        self._checkpoint = checkpoint

    def run(self, context: FitContext, *, most: int = MAX_TOKENS) -> AbstractContextManager[TrainingRun]:
        """Open the checkpoint as `training_run` does."""
        return training_run(self.name, self._checkpoint or context.encode.source, context, most=most)

    def load(self, directory: Path, context: ModelContext) -> M:  # noqa: ARG002  (the model has a network of its own)
        """Read a saved model; raises BrokenPromise if it cannot be read, UserError if its checkpoint is gone."""
        return self.restored(directory)

    @abstractmethod
    def restored(self, directory: Path) -> M:
        """Return the model that was saved; raises as `load` does."""
