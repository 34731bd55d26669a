"""A Hugging Face checkpoint, encoder or decoder, made ready to tell labels apart."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError

from labelloop.encoders.encoder_source import find_source
from labelloop.errors import UserError
from labelloop.learners.training.head_tail_tokenizer import HeadTailTokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedModel

MAX_TOKENS = 256
"""Longer texts lose their middle."""
_TOKENIZERS = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
)
AS_STORED: Mapping[str, Any] = {
    "output_loading_info": True,
    "local_files_only": True,
    "trust_remote_code": False,
    "use_safetensors": True,
    "dtype": "auto",
}
"""How `from_pretrained` is to read a folder: no code of its own, no pickles, in the numbers it is stored in."""
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")


def find_pretrained(name: str) -> Path:
    """Return the folder of a checkpoint: a folder, an encoder of ours or a Hugging Face id, which is fetched.

    Raises UserError if it lacks what is needed, NeighbourError if the hub does not answer.
    """
    folder = Path(name) if Path(name).is_dir() else find_source(name)
    if not (folder / "config.json").is_file():
        raise UserError(f"The checkpoint {name} has no config.json: name a folder that transformers can read.")
    if not any(folder.glob("*.safetensors")):
        pickled = any(True for pattern in _PICKLES for _ in folder.glob(pattern))
        kind = "only pickled weights, which may run any code when read" if pickled else "no weights"
        raise UserError(
            f"The checkpoint {name} has {kind}; safetensors are needed. Where you trust it, read it with "
            "transformers, write it to a folder with save_pretrained(), and name that folder instead."
        )
    if not any((folder / file).is_file() for file in _TOKENIZERS):
        raise UserError(
            f"The checkpoint {name} has no tokenizer: put the tokenizer.json that it was trained with into its folder."
        )
    return folder


def tokenizer_of(name: str, folder: Path, *, most: int = MAX_TOKENS) -> HeadTailTokenizer:
    """Return the checkpoint's reader, of at most so many tokens.

    Raises UserError if its tokenizer is none that `tokenizers` can run.
    """
    from transformers import AutoConfig, AutoTokenizer

    silence_transformers()
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        wrapped = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        tokenizer = wrapped.backend_tokenizer
    except (OSError, ValueError, AttributeError, ImportError, KeyError, TypeError) as error:
        raise UserError(
            f"The tokenizer of the checkpoint {name} cannot be used without code of its own: {error}"
        ) from (error)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    limit = min(most, wrapped.model_max_length, getattr(config, "max_position_embeddings", None) or most)
    # A decoder has no padding token; another that never stands in the middle of a text does as well.
    known = (wrapped.pad_token_id, wrapped.eos_token_id, wrapped.unk_token_id, 0)
    return HeadTailTokenizer(tokenizer, next(token for token in known if token is not None), int(limit))


def load_classifier(name: str, folder: Path, *, outputs: int, pad_id: int) -> "PreTrainedModel":
    """Return the checkpoint with a new output for each label, on the CPU, in the numbers it is stored in.

    Raises UserError if transformers has no such classifier, or the weights are not those that config.json describes.
    """
    from transformers import AutoModelForSequenceClassification

    unfit = (
        f"The checkpoint {name} cannot classify without code of its own; choose an encoder such as "
        "BERT or a decoder such as GPT-2 or Llama."
    )
    with weights_read(name, unfit):
        network, loading = AutoModelForSequenceClassification.from_pretrained(
            folder, num_labels=outputs, pad_token_id=pad_id, ignore_mismatched_sizes=True, **AS_STORED
        )
    found: PreTrainedModel = network
    lost = {str(key) for key in loading["missing_keys"]} | {str(key[0]) for key in loading["mismatched_keys"]}
    body = [key for key, _ in found.named_parameters() if key.startswith(f"{found.base_model_prefix}.")]
    if len(lost & set(body)) > len(body) / 2:
        raise UserError(
            f"The weights of the checkpoint {name} are not those that its config.json describes "
            f"({len(lost & set(body))} of {len(body)} tensors are missing or of another size): fetch it again, whole."
        )
    return found


def silence_transformers() -> None:
    """Let transformers show neither progress bars nor advice in this process: our own log says what matters."""
    from transformers.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]


@contextmanager
def weights_read(name: str, unfit: str) -> Iterator[None]:
    """Raise UserError where a checkpoint's weights cannot be read; `unfit` says what to choose where it is none."""
    silence_transformers()
    try:
        yield
    except SafetensorError as error:
        raise UserError(
            f"The weights of the checkpoint {name} are damaged ({error}): fetch it again, whole."
        ) from error
    except (OSError, ValueError, ImportError, KeyError, TypeError, RuntimeError) as error:
        raise UserError(f"{unfit} What is wrong: {str(error).splitlines()[0]}") from error
