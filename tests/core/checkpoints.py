"""Tiny checkpoints with random weights, made on the spot: BERT-, GPT-2- and Llama-style, each with a tokenizer."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertModel,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    T5Config,
    T5ForConditionalGeneration,
)

from labelloop.encoders.encoder import OnnxEncoder
from labelloop.encoders.onnx_export import export

_SAID = "my card is lost stolen bank pin rain will storm sunny wind cold snow today soup pizza salt bread cake this"
WORDS = _SAID.split()
CHINESE = list("我的卡丢了银行被吞明天会下雨今很热这家面好吃")
_LIVES = "lives in now yesterday left loves nobody is here anna omar wei zoe berlin kyoto lagos łodz"
NAMES = [*_LIVES.split(), *"住在王芳北京"]
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS, *CHINESE, *(str(n) for n in range(20)), *NAMES]


def tiny(style: str, folder: Path, *, seed: int = 5) -> Path:
    """Write a tiny checkpoint of this style (`bert`, `gpt2` or `llama`) into the folder, about 30 thousand weights."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        _network(style).save_pretrained(folder)
    _tokenizer(style).save_pretrained(folder)
    return folder


def tiny_writer(style: str, folder: Path, said: Sequence[str], *, seed: int = 5) -> Path:
    """Write a tiny `gpt2` or `t5` into the folder whose tokenizer can spell every text, these in few tokens."""
    inner = _speller(style, said)
    sizes: dict[str, Any] = {"vocab_size": inner.get_vocab_size(), "eos_token_id": 1}
    network: PreTrainedModel
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        if style == "gpt2":
            network = GPT2LMHeadModel(
                GPT2Config(n_positions=96, n_embd=32, n_layer=2, n_head=2, bos_token_id=1, **sizes)
            )
        else:
            shape: dict[str, Any] = {"d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 2, "num_heads": 2}
            shape |= {"decoder_start_token_id": 0, "pad_token_id": 0, "dropout_rate": 0.0}
            network = T5ForConditionalGeneration(T5Config(**shape, **sizes))
        network.save_pretrained(folder)
    wrap: Any = PreTrainedTokenizerFast
    named = {"eos_token": "</s>"} | ({"pad_token": "<pad>"} if style == "t5" else {})
    wrap(tokenizer_object=inner, **named).save_pretrained(folder)
    return folder


def tiny_encoder(folder: Path) -> OnnxEncoder:
    """Return an exported encoder whose source is a tiny BERT."""
    export(str(tiny("bert", folder / "source")), folder / "exported", max_tokens=32, prefix="")
    return OnnxEncoder(folder / "exported")


def _network(style: str) -> PreTrainedModel:
    about: dict[str, Any] = {"vocab_size": len(VOCABULARY)}
    if style == "gpt2":
        about |= {"n_positions": 48, "n_embd": 32, "n_layer": 2, "n_head": 2, "bos_token_id": 3, "eos_token_id": 3}
        return GPT2LMHeadModel(GPT2Config(**about))
    about |= {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    about |= {"max_position_embeddings": 48}
    return BertModel(BertConfig(**about)) if style == "bert" else LlamaForCausalLM(LlamaConfig(**about))


def _tokenizer(style: str) -> Any:
    wrap: Any = PreTrainedTokenizerFast  # transformers does not say its types
    inner = Tokenizer(models.WordLevel({word: n for n, word in enumerate(VOCABULARY)}, unk_token="[UNK]"))
    inner.normalizer = normalizers.BertNormalizer()
    inner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    if style != "bert":  # decoders begin at best with a token of their own, and have none to fill up with
        return wrap(tokenizer_object=inner, unk_token="[UNK]", eos_token="[SEP]")
    inner.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        special_tokens=[("[CLS]", VOCABULARY.index("[CLS]")), ("[SEP]", VOCABULARY.index("[SEP]"))],
    )
    named = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    return wrap(tokenizer_object=inner, **named)


def _speller(style: str, said: Sequence[str]) -> Tokenizer:
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<pad>", "</s>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    inner.train_from_iterator(said, trainer)
    if style == "t5":
        inner.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return inner
