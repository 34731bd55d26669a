"""Export a sentence encoder to ONNX, once; only workers and the command line do this, since it needs torch."""

import logging
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from labelloop.encoders.encoder import TOKENS, open_session, run
from labelloop.encoders.encoder_source import find_source, pooling_of, source_sha256
from labelloop.encoders.manifest import FILES, EncoderManifest, Engine, Pooling, sha256_of
from labelloop.errors import UserError

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

CLOSE_ENOUGH = 0.98
"""Smallest mean cosine between int8 and fp32 vectors at which int8 is used."""

_SENTENCES = (
    "The parcel arrived two days late, but the driver was very kind.",
    "How do I change the PIN of my card?",
    "快递比预计晚了两天,不过司机很友好。",
    "如何修改银行卡密码?",
    "El paquete llegó tarde y nadie contestó al teléfono.",
    "Der Akku hält länger als erwartet, das Display ist enttäuschend.",
    "Посылка пришла вовремя, спасибо!",
    "وصل الطرد متأخرًا يومين لكن السائق كان لطيفًا.",
    "配送が二日遅れましたが、対応は丁寧でした。",
    "best day ever 🎉🎉 can't stop smiling",
    "meh.",
    "",
)


def export(source: str, directory: Path, *, max_tokens: int, prefix: str) -> None:
    """Write `model.onnx`, `tokenizer.json` and `encoder.json` into a new folder, all or nothing.

    `source` is the bundled package's name, a folder or a Hugging Face id; texts will be cut to `max_tokens`, or to what
    the model can read if that is less, and `prefix` is put before each. A layer behind the pooling, which few encoders
    have, is left out. Raises UserError if the encoder cannot be used, NeighbourError if it cannot be fetched.
    """
    folder = find_source(source)
    pooling = pooling_of(folder)
    directory.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=".export-", dir=directory.parent))
    unfinished.chmod(0o755)  # the ML backend may run as another user
    try:
        tokenizer, pad_id, length = _tokenizer(source, folder, max_tokens)
        tokenizer.save(str(unfinished / "tokenizer.json"))
        tokens = [tokenizer.encode(prefix + text).ids or [pad_id] for text in _SENTENCES]
        engine, dimensions = _weights(source, folder, pooling, tokens, unfinished)
        EncoderManifest(
            source=source,
            source_sha256=source_sha256(folder),
            engine=engine,
            pooling=pooling,
            max_tokens=length,
            prefix=prefix,
            dimensions=dimensions,
            pad_id=pad_id,
            files={name: sha256_of(unfinished / name) for name in FILES},
        ).write(unfinished)
        unfinished.replace(directory)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _tokenizer(source: str, folder: Path, max_tokens: int) -> "tuple[Tokenizer, int, int]":
    from transformers import AutoConfig, AutoTokenizer

    try:
        slow = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        tokenizer = slow.backend_tokenizer
    except (OSError, ValueError, AttributeError, ImportError) as error:
        raise UserError(f"The tokenizer of {source} cannot be used without code of its own: {error}") from error
    length = min(max_tokens, slow.model_max_length, getattr(config, "max_position_embeddings", max_tokens))
    tokenizer.no_padding()
    tokenizer.enable_truncation(length)
    return tokenizer, slow.pad_token_id or 0, length


def _weights(
    source: str, folder: Path, pooling: Pooling, tokens: Sequence[Sequence[int]], target: Path
) -> tuple[Engine, int]:
    exact, small = target / "fp32.onnx", target / "int8.onnx"
    _to_onnx(_load(source, folder), pooling, exact)
    _quantize(exact, small)
    sessions = [open_session(path) for path in (exact, small)]
    wanted, got = (np.stack([run(session, ids) for ids in tokens]) for session in sessions)
    close = float((wanted * got).sum(axis=1).mean()) >= CLOSE_ENOUGH
    (small if close else exact).rename(target / "model.onnx")
    (exact if close else small).unlink()
    return ("onnx-int8" if close else "onnx-fp32"), wanted.shape[1]


def _load(source: str, folder: Path) -> "torch.nn.Module":
    from transformers import AutoModel
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # unused weights are no news
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        model: torch.nn.Module = AutoModel.from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            attn_implementation="eager",
        )
    except (OSError, ValueError, ImportError) as error:
        raise UserError(f"The encoder {source} cannot be used without code of its own: {error}") from error
    return model.float().eval()


def _to_onnx(model: "torch.nn.Module", pooling: Pooling, path: Path) -> None:
    import torch

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            seen = self.model(input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True)
            hidden: torch.Tensor = seen.last_hidden_state
            # What the last layers of a sentence encoder say of a token is mostly what the whole text says.
            tokens: torch.Tensor = seen.hidden_states[round((len(seen.hidden_states) - 1) * 2 / 3)]
            if pooling == "cls":
                return hidden[:, 0], tokens
            mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
            return (hidden * mask).sum(1) / mask.sum(1).clamp(min=1.0), tokens

    example = torch.ones((2, 8), dtype=torch.long)
    axes = {0: "texts", 1: "tokens"}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the tracer speaks of its own deprecation and of every Python branch
        torch.onnx.export(
            Pooled().eval(),
            (example, example),
            str(path),
            input_names=["input_ids", "attention_mask"],
            output_names=["vectors", TOKENS],
            dynamic_axes={"input_ids": axes, "attention_mask": axes, "vectors": {0: "texts"}, TOKENS: axes},
            opset_version=17,
            dynamo=False,
        )


def _quantize(exact: Path, small: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with _quiet_root_logger():
        quantize_dynamic(exact, small, per_channel=True, reduce_range=True, weight_type=QuantType.QInt8)


@contextmanager
def _quiet_root_logger() -> Iterator[None]:
    # The quantizer advises through the root logger, which would also be configured by the first such call.
    root, handler = logging.getLogger(), logging.NullHandler()
    root.addHandler(handler)
    root.addFilter(_not_from_onnxruntime)
    try:
        yield
    finally:
        root.removeFilter(_not_from_onnxruntime)
        root.removeHandler(handler)


def _not_from_onnxruntime(record: logging.LogRecord) -> bool:
    return "onnxruntime" not in record.pathname
