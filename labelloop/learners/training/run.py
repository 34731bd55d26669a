"""What every training of a pretrained checkpoint shares: opening it, chance, and a place to go on from after a kill."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import structlog
from numpy.typing import NDArray

from labelloop.learners.base import FitContext
from labelloop.learners.training import network as networks
from labelloop.learners.training.checkpoint import Checkpoint
from labelloop.learners.training.checkpoint_ref import CheckpointRef, ref_of
from labelloop.learners.training.dataset import Dataset
from labelloop.learners.training.head_tail_tokenizer import HeadTailTokenizer
from labelloop.learners.training.network import Network
from labelloop.learners.training.pretrained import MAX_TOKENS, find_pretrained, tokenizer_of
from labelloop.learners.training.trainer import Trainer, TrainingPlan
from labelloop.learners.training.training_errors import out_of_memory_reported

if TYPE_CHECKING:
    from transformers import PreTrainedModel

N = TypeVar("N", bound=Network)
T = TypeVar("T", bound=Trainer)
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, eq=False)
class TrainingRun:
    """One fit of a learner to a pretrained checkpoint, which lies in `folder`."""

    learner: str
    checkpoint: str
    folder: Path
    reader: HeadTailTokenizer
    context: FitContext

    def trainer(
        self,
        make: Callable[[N, TrainingPlan, Checkpoint], T],
        network: N,
        dataset: Dataset,
        held: NDArray[np.bool_],
        shown: NDArray[np.int64] | None = None,
    ) -> T:
        """Return what trains the network on the rows that are not held out, a mask of shape (n,).

        `shown` replaces these rows where what is trained on are not rows of the dataset.
        """
        rows = np.flatnonzero(~held) if shown is None else shown
        rate = learning_rate(network.model.num_parameters(), adapted=network.adapted)
        plan = TrainingPlan(dataset, rows, np.flatnonzero(held), rate, self.context)
        key = dataset.digest(self.learner, self.checkpoint, network.adapted, self.context.seed)
        _log.info(
            "training_starts",
            learner=self.learner,
            device=network.device.type,
            adapted=network.adapted,
            steps=plan.steps,
            shown=len(plan.shown),
            held_out=len(plan.held),
            cut_to_head_and_tail=sum(network.reader.cuts(text) for text in dataset.texts),
            tokens_kept=network.reader.limit,
        )
        return make(network, plan, Checkpoint(self.context.path(f"{self.learner}.safetensors"), key))

    def ref(self, network: Network) -> CheckpointRef:
        """Return where a trained network came from."""
        return ref_of(self.checkpoint, self.folder, network)


@contextmanager
def training_run(
    learner: str, checkpoint: str, context: FitContext, *, most: int = MAX_TOKENS
) -> Iterator[TrainingRun]:
    """Open a checkpoint, of whose tokens at most so many are read, for a fit; chance is that of the context's seed.

    Trained again after a kill it goes on where it was. Raises UserError if the checkpoint cannot be used, Diverged or
    OutOfMemory if it cannot be trained, NeighbourError if the GPU is gone.
    """
    import torch

    folder = find_pretrained(checkpoint)
    reader = tokenizer_of(checkpoint, folder, most=most)
    with out_of_memory_reported(learner), torch.random.fork_rng():
        torch.manual_seed(context.seed)
        yield TrainingRun(learner, checkpoint, folder, reader, context)


def is_large(body: "PreTrainedModel") -> bool:
    """Return whether a checkpoint has so many weights that only adapters are trained."""
    return body.num_parameters() >= networks.LARGE


def learning_rate(weights: int, *, adapted: bool) -> float:
    """Return AdamW's highest rate: higher for small networks and for adapters, which start from nothing."""
    return 2e-4 if adapted or weights < 50_000_000 else 5e-5
