"""A Hugging Face language model, decoder (GPT-2, Llama …) or encoder and decoder (T5, BART), that answers a text."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labelloop.errors import UserError
from labelloop.learners.training.device import mixed
from labelloop.learners.training.head_tail_tokenizer import HeadTailTokenizer
from labelloop.learners.training.network import Network
from labelloop.learners.training.pretrained import AS_STORED, weights_read

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

BRIDGE = "\n=>\n"
"""Stands between a text and its answer where one decoder reads both."""
NO_TOKEN = -100
"""Of a place whose token is not learned; torch's cross entropy leaves it out."""


@dataclass(frozen=True, slots=True)
class GeneratedText:
    """Token ids of an answer, without the end, and the mean probability of each and of the end, in [0, 1]."""

    ids: tuple[int, ...]
    score: float


class TextGenerator(Network):
    """A network that writes; `end` is the token that ends an answer, `most` how many tokens it may have."""

    task = None

    def __init__(self, model: Any, reader: HeadTailTokenizer, *, adapted: bool, most: int) -> None:
        super().__init__(model, reader, adapted=adapted)
        config = self.model.config
        self.most = most
        self.end = end_of(config)
        self._both = bool(config.is_encoder_decoder)
        known = [getattr(source, "decoder_start_token_id", None) for source in (config, self.model.generation_config)]
        self._start = next((int(start) for start in known if start is not None), reader.pad_id)
        self._bridge = [] if self._both else bridge(reader)

    def prompt(self, text: str) -> list[int]:
        """Return what the network reads before it answers."""
        return [*self.reader(text), *self._bridge]

    def losses(self, prompts: Sequence[Sequence[int]], answers: Sequence[Sequence[int]]) -> "torch.Tensor":
        """Return the mean cross entropy of each answer's tokens, shape (n,), through which gradients may flow."""
        import torch

        if self._both:
            read, wanted = [[self._start, *answer[:-1]] for answer in answers], [list(answer) for answer in answers]
        else:
            read = [[*prompt, *answer[:-1]] for prompt, answer in zip(prompts, answers, strict=True)]
            wanted = [[NO_TOKEN] * (len(p) - 1) + list(a) for p, a in zip(prompts, answers, strict=True)]
        ids, mask = self.filled(read, self.reader.pad_id), self.mask(read)
        with mixed(self.device):
            if self._both:
                out = self.model(
                    input_ids=self.filled(prompts, self.reader.pad_id),
                    attention_mask=self.mask(prompts),
                    decoder_input_ids=ids,
                    decoder_attention_mask=mask,
                    use_cache=False,
                )
            else:
                out = self.model(input_ids=ids, attention_mask=mask, use_cache=False)
        each = torch.nn.functional.cross_entropy(
            out.logits.float().transpose(1, 2), self.filled(wanted, NO_TOKEN), ignore_index=NO_TOKEN, reduction="none"
        )
        return each.sum(1) / torch.tensor([len(answer) for answer in answers], device=self.device)

    def write(self, text: str) -> GeneratedText:
        """Return the answer in which every token is the likeliest one, at most `most` of them."""
        import torch

        ids: list[int] = []
        chances: list[float] = []
        with torch.inference_mode(), mixed(self.device):
            fixed, unread = self._before(self.prompt(text))
            past = None
            while len(ids) < self.most:
                out = self.model(**fixed, **self._next(unread), past_key_values=past, use_cache=True)
                past = out.past_key_values
                chance, token = out.logits[0, -1].float().softmax(0).max(0)
                chances.append(float(chance))
                if int(token) == self.end:
                    break
                ids.append(int(token))
                unread = ids[-1:]
        return GeneratedText(tuple(ids), min(sum(chances) / len(chances), 1.0))

    def _before(self, prompt: list[int]) -> tuple[dict[str, Any], list[int]]:
        """Return what every step is told, and what the decoder reads first."""
        if not self._both:
            return {}, prompt
        mask = self.mask([prompt])
        encoded = self.model.get_encoder()(input_ids=self.filled([prompt], 0), attention_mask=mask)
        return {"encoder_outputs": encoded, "attention_mask": mask}, [self._start]

    def _next(self, ids: Sequence[int]) -> "dict[str, torch.Tensor]":
        return {"decoder_input_ids" if self._both else "input_ids": self.filled([ids], 0)}


def bridge(reader: HeadTailTokenizer) -> list[int]:
    """Return the tokens of the bridge."""
    ids: list[int] = reader.tokenizer.encode(BRIDGE, add_special_tokens=False).ids
    return ids


def end_of(config: Any) -> int:
    """Return the token that ends a text; raises ValueError where the configuration names none."""
    end = config.eos_token_id[0] if isinstance(config.eos_token_id, list) else config.eos_token_id
    if end is None:
        raise ValueError("config.json names no eos_token_id")
    return int(end)


def load_language_model(name: str, folder: Path) -> "PreTrainedModel":
    """Return the checkpoint's language model, on the CPU, in the numbers it is stored in.

    Raises UserError if it is none that writes, or the weights are not those that config.json describes.
    """
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM

    unfit = (
        f"The checkpoint {name} cannot write text without code of its own; choose a decoder such as GPT-2 or "
        "Llama, or one such as T5 or BART."
    )
    with weights_read(name, unfit):
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        if not (config.is_encoder_decoder or _writes(config)):
            raise ValueError(f"its architecture is {', '.join(config.architectures or ['unknown'])}")
        end_of(config)
        family: Any = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
        found, loading = family.from_pretrained(folder, **AS_STORED)
    if loading["missing_keys"]:
        raise UserError(
            f"The checkpoint {name} lacks {len(loading['missing_keys'])} of the tensors that its config.json "
            "describes: fetch it again, whole."
        )
    body: PreTrainedModel = found
    return body


def _writes(config: Any) -> bool:
    return any(name.endswith(("ForCausalLM", "LMHeadModel")) for name in config.architectures or [])
