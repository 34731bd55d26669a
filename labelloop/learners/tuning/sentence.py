"""A sentence encoder whose weights can be tuned: the torch twin of what serves."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from safetensors import SafetensorError

from labelloop.encoders.base import Vectors
from labelloop.encoders.export import export
from labelloop.encoders.manifest import Pooling, read_manifest
from labelloop.encoders.source import find_source, pooling_of
from labelloop.errors import UserError
from labelloop.learners.tuning.device import best_device
from labelloop.learners.tuning.quiet import hush

if TYPE_CHECKING:
    import torch

MAX_TOKENS = 96
"""Texts are cut to this many tokens while tuning; serving reads as much as before."""
_AT_ONCE = 32


class SentenceEncoder:
    """Weights in torch, and texts as vectors of length 1, pooled as the exported encoder pools.

    `prefix` is put before each text. Raises UserError if the encoder cannot be read.
    """

    def __init__(self, source: str, prefix: str) -> None:
        from transformers import AutoModel, AutoTokenizer

        hush()
        self._folder = find_source(source)
        self._pooling: Pooling = pooling_of(self._folder)
        self._prefix = prefix
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
        self.model = cast("torch.nn.Module", model).float().to(self._device)

    def weights(self) -> "dict[str, torch.Tensor]":
        """Return what is tuned, by name."""
        return dict(self.model.named_parameters())

    def tensors(self, texts: Sequence[str]) -> "torch.Tensor":
        """Return one vector of length 1 per text, shape (n, d), through which gradients flow."""
        import torch

        readable = [(self._prefix + text).encode("utf-8", "replace").decode("utf-8") for text in texts]
        limit = min(MAX_TOKENS, self._tokenizer.model_max_length)
        batch = self._tokenizer(readable, padding=True, truncation=True, max_length=limit, return_tensors="pt")
        ids, mask = batch["input_ids"].to(self._device), batch["attention_mask"].to(self._device)
        if not ids.shape[1]:
            ids, mask = ids.new_full((len(texts), 1), self._tokenizer.pad_token_id or 0), mask.new_ones((len(texts), 1))
        hidden: torch.Tensor = self.model(input_ids=ids, attention_mask=mask).last_hidden_state
        if self._pooling == "cls":
            return torch.nn.functional.normalize(hidden[:, 0])
        weight = mask.unsqueeze(-1).to(hidden.dtype)
        return torch.nn.functional.normalize((hidden * weight).sum(1) / weight.sum(1).clamp(min=1.0))

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Return the same as arrays, float32, without dropout and gradients."""
        import torch

        self.model.eval()
        with torch.no_grad():
            parts = [self.tensors(texts[n : n + _AT_ONCE]).cpu().numpy() for n in range(0, len(texts), _AT_ONCE)]
        return np.concatenate(parts)

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
        replace(read_manifest(directory), source=source).write(directory)
        shutil.rmtree(work)
