"""A checkpoint with an output for each label: trained whole, or, where it is large, through low-rank adapters."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from labelloop.errors import UserError
from labelloop.learners.training.device import best_device, half_precision, mixed
from labelloop.learners.training.head_tail_tokenizer import HeadTailTokenizer

if TYPE_CHECKING:
    import torch

LARGE = 400_000_000
"""Weights from which on only adapters are trained: AdamW needs 16 bytes for each weight it trains, so 6.4 GB here."""
RANK = 16
ADAPTER = "adapter.safetensors"
_AT_ONCE = 32


class Network:
    """Weights on a device, and texts as logits; may be asked from several threads at once, but not while it is trained.

    `adapted` tells whether low-rank adapters stand beside the weights (Hu et al. 2022, "LoRA").
    """

    task: str | None = "SEQ_CLS"
    """What peft calls it; with SEQ_CLS the new output is trained whole."""

    def __init__(self, model: Any, reader: HeadTailTokenizer, *, adapted: bool) -> None:
        device = best_device()
        short = half_precision(device) if adapted else None
        self.model = (model.float() if short is None else model.to(short)).to(device)
        for weight in self.model.parameters():  # askew as in a file, last digits would differ
            weight.data = weight.data.clone()
        self.reader = reader
        self.device = device
        self.adapted = adapted
        if adapted:
            self._adapt()
        self.model.eval()

    def weights(self) -> "dict[str, torch.Tensor]":
        """Return what is trained, by name."""
        return {name: weight for name, weight in self.model.named_parameters() if weight.requires_grad}

    def forward(self, ids: Sequence[Sequence[int]]) -> "torch.Tensor":
        """Return logits of texts given as token ids, shape (n, k), float32, through which gradients may flow."""
        with mixed(self.device):
            out = self.model(input_ids=self.filled(ids, self.reader.pad_id), attention_mask=self.mask(ids))
        logits: torch.Tensor = out.logits.float()
        return logits

    def filled(self, rows: Sequence[Sequence[int]], filler: int) -> "torch.Tensor":
        """Return the rows filled up to the longest, on the device."""
        import torch

        longest = max(map(len, rows))
        return torch.tensor([[*row, *[filler] * (longest - len(row))] for row in rows], device=self.device)

    def mask(self, rows: Sequence[Sequence[int]]) -> "torch.Tensor":
        """Return 1 for each number of the rows, 0 for what `filled` adds."""
        return self.filled([[1] * len(row) for row in rows], 0)

    def logits(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return logits, shape (n, k).

        On a CPU each text is run alone, so that its answer is the same in any company; on a GPU many at once, where
        the last digits may differ.
        """
        import torch

        ids = [self.reader(text) for text in texts]
        order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
        at_once = 1 if self.device.type == "cpu" else _AT_ONCE
        found = np.empty((len(ids), int(self.model.config.num_labels)))
        with torch.inference_mode():
            for start in range(0, len(order), at_once):
                rows = order[start : start + at_once]
                found[rows] = self.forward([ids[row] for row in rows]).cpu().numpy()
        return found

    def save(self, directory: Path) -> None:
        """Write the tokenizer, and the weights as transformers does, or the adapters alone where there are any."""
        from safetensors.torch import save_file

        self.reader.save(directory)
        if self.adapted:
            kept = {name: weight.detach().cpu().contiguous() for name, weight in self.weights().items()}
            save_file(kept, directory / ADAPTER)
        else:
            self.model.save_pretrained(directory)

    def load_adapter(self, directory: Path) -> None:
        """Read back the adapters that were saved; raises KeyError or ValueError if they are not this network's."""
        from safetensors.torch import load_file

        from labelloop.learners.training.checkpoint import copy

        copy(load_file(directory / ADAPTER), self.weights())

    def _adapt(self) -> None:
        from peft import LoraConfig, get_peft_model

        config = LoraConfig(
            task_type=self.task, r=RANK, lora_alpha=2 * RANK, lora_dropout=0.05, target_modules="all-linear"
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # GPT-2 keeps its matrices the other way round, which peft sees by itself
            try:
                self.model = get_peft_model(self.model, config)
            except ValueError as error:
                raise UserError(f"This checkpoint is large and cannot be adapted ({error}): choose another.") from error
        for weight in self.weights().values():
            weight.data = weight.data.float()
        if self.device.type == "cuda":  # memory rather than speed: 8 GB are to be enough
            self.model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
            self.model.enable_input_require_grads()
