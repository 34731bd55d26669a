"""A sentence encoder whose weights can be tuned: the torch twin of what serves."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from safetensors import SafetensorError

from labelloop.domain.text_limits import CHARACTERS_PER_TOKEN, ends, tokenizable
from labelloop.encoders.base import Vectors
from labelloop.encoders.encoder_source import find_source, pooling_of
from labelloop.encoders.manifest import Pooling, read_manifest
from labelloop.encoders.onnx_export import export
from labelloop.errors import UserError
from labelloop.learners.training.device import best_device
from labelloop.learners.training.head_tail_tokenizer import head_and_tail
from labelloop.learners.training.pretrained import silence_transformers

if TYPE_CHECKING:
    import torch

MAX_TOKENS = 96
"""So many tokens of a text are read while tuning; serving reads as much as before."""
_AT_ONCE = 8
"""Texts that are filled up to one length. Sorted by length, so few are filled up by little: half the work of 24."""


class SentenceEncoder:
    """Weights in torch, and texts as vectors of length 1, pooled as the exported encoder pools.

    `prefix` is put before each text. Of a long text its beginning and its end are read where it will be read in several
    `windows` when served, else its beginning. Raises UserError if the encoder cannot be read.
    """

    def __init__(self, source: str, prefix: str, windows: int = 1) -> None:
        from transformers import AutoModel, AutoTokenizer

        silence_transformers()
        self._folder = find_source(source)
        self._pooling: Pooling = pooling_of(self._folder)
        self._prefix, self._windows = prefix, windows
        self._device = best_device()
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(
                self._folder, local_files_only=True, trust_remote_code=False
            )
            model = AutoModel.from_pretrained(
                self._folder, local_files_only=True, trust_remote_code=False, use_safetensors=True
            )
        except (OSError, ValueError, ImportError, SafetensorError) as error:
            raise UserError(f"The encoder {source} cannot be read, or not without code of its own: {error}") from error
        model.get_input_embeddings().requires_grad_(False)
        self.model = cast("torch.nn.Module", model).float().to(self._device)

    def weights(self) -> "dict[str, torch.Tensor]":
        """Return what is tuned, by name: all but the table of words, of which few examples say little.

        Of a multilingual encoder that table is most of the weights, and most of what AdamW would have to move.
        """
        return {name: weight for name, weight in self.model.named_parameters() if weight.requires_grad}

    def tensors(self, texts: Sequence[str]) -> "torch.Tensor":
        """Return one vector of length 1 per text, at least one, shape (n, d), through which gradients flow."""
        import torch

        ids = [self._read(text) or [self._tokenizer.pad_token_id or 0] for text in texts]
        order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
        groups = [order[n : n + _AT_ONCE] for n in range(0, len(order), _AT_ONCE)]
        vectors = torch.cat([self._pooled([ids[row] for row in group]) for group in groups])
        return vectors[np.argsort(order)]

    def _read(self, text: str) -> list[int]:
        limit = min(MAX_TOKENS, self._tokenizer.model_max_length)
        if self._windows == 1:
            readable = self._prefix + tokenizable(text, limit)
            return list(self._tokenizer(readable, truncation=True, max_length=limit)["input_ids"])
        readable = self._prefix + tokenizable(ends(text, 2 * limit * CHARACTERS_PER_TOKEN), len(text))
        ids = self._tokenizer(readable, verbose=False)["input_ids"]
        return list(ids) if len(ids) <= limit else head_and_tail(ids, limit)

    def _pooled(self, ids: Sequence[Sequence[int]]) -> "torch.Tensor":
        import torch

        longest = max(map(len, ids))
        filled = [[*some, *[self._tokenizer.pad_token_id or 0] * (longest - len(some))] for some in ids]
        mask = torch.tensor([[1] * len(some) + [0] * (longest - len(some)) for some in ids], device=self._device)
        read = torch.tensor(filled, device=self._device)
        hidden: torch.Tensor = self.model(input_ids=read, attention_mask=mask).last_hidden_state
        if self._pooling == "cls":
            return torch.nn.functional.normalize(hidden[:, 0])
        weight = mask.unsqueeze(-1).to(hidden.dtype)
        return torch.nn.functional.normalize((hidden * weight).sum(1) / weight.sum(1))

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Return the same as arrays, float32, without dropout and gradients."""
        import torch

        self.model.eval()
        with torch.no_grad():
            return self.tensors(texts).cpu().numpy()

    def export(self, directory: Path, *, source: str, max_tokens: int, work: Path) -> None:
        """Write the tuned encoder as `labelloop.encoders` serves it into a new folder; `work` may be overwritten.

        `source` is what its manifest names as its origin.
        """
        for folder in (work, directory):
            shutil.rmtree(folder, ignore_errors=True)
        pickled = shutil.ignore_patterns("*.safetensors", "*.safetensors.index.json", "*.bin", "*.onnx", "onnx")
        shutil.copytree(self._folder, work, ignore=pickled)
        self.model.cpu().save_pretrained(work)  # type: ignore[operator]
        export(str(work), directory, max_tokens=max_tokens, prefix=self._prefix)
        replace(read_manifest(directory), source=source, windows=self._windows).write(directory)
        shutil.rmtree(work)
