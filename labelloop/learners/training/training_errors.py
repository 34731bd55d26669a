"""What goes wrong while weights are tuned, in words that say what to do next."""

from collections.abc import Iterator
from contextlib import contextmanager

from labelloop.errors import NeighbourError, UserError


class OutOfMemory(UserError):
    """The weights, or a single text with them, do not fit into memory."""


class Diverged(UserError):
    """The loss is no number any more."""


def out_of_memory(error: BaseException) -> bool:
    """Return whether a GPU or the machine has refused memory."""
    import torch

    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


@contextmanager
def out_of_memory_reported(learner: str) -> Iterator[None]:
    """Raise OutOfMemory where memory was refused and NeighbourError where the GPU is gone; others as they are."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if out_of_memory(error):
            raise OutOfMemory(
                f"There is not enough memory for {learner}, not even for one text at a time: "
                "choose a smaller checkpoint, a machine with more memory, or leave it out of the rule `learners`."
            ) from error
        if "CUDA" in str(error) or "HIP" in str(error):
            raise NeighbourError(
                f"The GPU failed while {learner} was fitted ({str(error).splitlines()[0]}). "
                "Trying again continues from the last checkpoint, without a GPU if none is left."
            ) from error
        raise
