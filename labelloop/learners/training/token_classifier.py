"""A Hugging Face checkpoint that gives each token of a text, however long, a logit for every tag."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from labelloop.domain.text_limits import LONGEST_MARKED, tokenizable
from labelloop.encoders.base import Vectors
from labelloop.encoders.tokens import read_windows
from labelloop.learners.spans.tokenization import Offsets, units_of
from labelloop.learners.training.network import Network
from labelloop.learners.training.pretrained import AS_STORED, weights_read

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def load_token_classifier(name: str, folder: Path, *, outputs: int, pad_id: int) -> "PreTrainedModel":
    """Return the checkpoint with a new output for each tag, on the CPU, in the numbers it is stored in.

    Raises UserError if transformers has no such token classifier or the weights cannot be read.
    """
    from transformers import AutoModelForTokenClassification

    unfit = f"The checkpoint {name} cannot tag tokens without code of its own; choose an encoder such as BERT."
    with weights_read(name, unfit):
        network, _ = AutoModelForTokenClassification.from_pretrained(
            folder, num_labels=outputs, pad_token_id=pad_id, ignore_mismatched_sizes=True, **AS_STORED
        )
    found: PreTrainedModel = network
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Cuts texts into windows of as many tokens as the checkpoint reads, each a quarter longer than the next began."""

    tokenizer: Tokenizer
    shared: int
    pad_id: int

    def __call__(self, text: str) -> list[Encoding]:
        """Return the windows of a text (of its first `LONGEST_MARKED` characters), at least one."""
        first = self.tokenizer.encode(tokenizable(text[:LONGEST_MARKED], len(text)))
        return [first, *first.overflowing]


def windows_of(network: Network) -> Windows:
    """Return what cuts texts for this network."""
    reader = network.reader
    tokenizer = Tokenizer.from_str(reader.tokenizer.to_str())
    shared = reader.limit // 4
    tokenizer.enable_truncation(reader.limit, stride=shared)
    return Windows(tokenizer, shared, reader.pad_id)


def unit_logits(network: Network, windows: Windows, text: str) -> tuple[Offsets, NDArray[np.float64]]:
    """Return the text's units, none of which begins inside a token, and the logits of each one's first token."""
    import torch

    def run(ids: Sequence[int]) -> Vectors:
        with torch.inference_mode():
            rows: Vectors = network.forward([list(ids) or [windows.pad_id]])[0].cpu().numpy()
        return rows

    tokens = read_windows(windows(text), windows.shared, 0, run)
    units = whole_units(text, tokens.offsets)
    return units, tokens.vectors[first_tokens(units, tokens.offsets)].astype(np.float64)


def whole_units(text: str, tokens: Offsets) -> Offsets:
    """Return the text's units, those that share a token as one, and without those that have no token at all.

    tokens has shape (n, 2), in order.
    """
    found: list[list[int]] = []
    for start, end in units_of(text).tolist():
        first = int(np.searchsorted(tokens[:, 1], start, side="right"))
        if first == len(tokens) or tokens[first, 0] >= end:
            continue
        if found and tokens[first, 0] < found[-1][1]:
            found[-1][1] = end
        else:
            found.append([start, end])
    return np.array(found, np.int64).reshape(-1, 2)


def first_tokens(units: Offsets, tokens: Offsets) -> NDArray[np.int64]:
    """Return the place of the first token of each unit, shape (n,)."""
    return np.searchsorted(tokens[:, 1], units[:, 0], side="right")
