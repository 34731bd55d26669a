"""Where a stored network came from, and how it is brought back."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from labelloop.encoders.encoder_source import source_sha256
from labelloop.errors import BrokenPromise
from labelloop.learners.training.head_tail_tokenizer import load_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from labelloop.learners.training.network import Network

N = TypeVar("N", bound="Network")


@dataclass(frozen=True, slots=True)
class CheckpointRef:
    """The checkpoint that a network was made from, by name and SHA-256 (hex), and how it reads a text.

    One that was `adapted` is stored without the checkpoint's own weights; `limit` counts the tokens it reads.
    """

    checkpoint: str
    sha256: str
    adapted: bool
    pad_id: int
    limit: int


def ref_of(checkpoint: str, folder: Path, network: "Network") -> CheckpointRef:
    """Return where a network came from that was made from the checkpoint in a folder."""
    reader = network.reader
    return CheckpointRef(checkpoint, source_sha256(folder), network.adapted, reader.pad_id, reader.limit)


def restore(
    origin: CheckpointRef, directory: Path, load: Callable[..., "PreTrainedModel"], make: Callable[..., N]
) -> N:
    """Return the network that was saved in a folder: weights by `load`, like `load_classifier`, into a `Network`.

    Raises BrokenPromise if it cannot be read or its checkpoint is another one now, UserError if that is gone.
    """
    base = _checkpoint(origin, directory) if origin.adapted else directory
    try:
        body = load(origin.checkpoint, base, pad_id=origin.pad_id)
        network = make(body, load_tokenizer(directory, origin.pad_id, origin.limit), adapted=origin.adapted)
        if origin.adapted:
            network.load_adapter(directory)
    except Exception as error:  # tokenizers, safetensors and transformers each raise their own
        raise BrokenPromise(f"The model in {directory} cannot be read ({error}): roll back or fit again.") from error
    return network


def _checkpoint(origin: CheckpointRef, directory: Path) -> Path:
    from labelloop.learners.training.pretrained import find_pretrained

    folder = find_pretrained(origin.checkpoint)
    if source_sha256(folder) != origin.sha256:
        raise BrokenPromise(
            f"The checkpoint {origin.checkpoint} is not the one that the model in {directory} was fitted to: "
            "put it back, or fit again."
        )
    return folder
