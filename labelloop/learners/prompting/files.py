"""A prompted model on disk: `prompt.md` for people, `prompt.json` and `prompt.safetensors` for the rest."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from labelloop.domain.schema import Field
from labelloop.domain.values import Value, plain, value_of
from labelloop.learners.platt import Curve
from labelloop.learners.prompting.judge import Judge, Parameters
from labelloop.learners.prompting.shots import Policy, Shots
from labelloop.learners.stored import told_plainly
from labelloop.llm.account import Account

PROMPT, ABOUT, VECTORS = "prompt.md", "prompt.json", "prompt.safetensors"
GUIDELINE, REFINEMENT = "guideline.md", "refinement.json"


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """What is kept of a model; `encoder` is the digest of the encoder that made the vectors.

    `tokens` are how many a text takes on average, in and out. `papers` are `guideline.md`, and `refinement.json`, which
    says how that came about, by name; the model answers without them.
    """

    judge: Judge
    curve: Curve
    guess: tuple[Value, float]
    names: frozenset[str]
    account: Account
    encoder: str
    tokens: tuple[float, float]
    papers: Mapping[str, str]


def write(directory: Path, stored: Stored) -> None:
    """Write the files into an existing directory."""
    judge = stored.judge
    about = {
        "field": json.loads(judge.field.to_json()),
        "parameters": asdict(judge.parameters),
        "policy": asdict(judge.policy),
        "names": sorted(stored.names),
        "curve": asdict(stored.curve),
        "guess": {"value": plain(stored.guess[0]), "confidence": stored.guess[1]},
        "account": asdict(stored.account),
        "encoder": stored.encoder,
        "tokens_per_text": stored.tokens,
        "prompt_sha256": _digest(judge.system),
        "examples": [
            {"text": text, "value": plain(value)}
            for text, value in zip(judge.shots.texts, judge.shots.values, strict=True)
        ],
    }
    (directory / PROMPT).write_bytes(judge.system.encode())
    text = json.dumps(about, ensure_ascii=False, sort_keys=True, indent=1) + "\n"
    (directory / ABOUT).write_bytes(text.encode("utf-8", "surrogatepass"))
    write_papers(directory, stored.papers)
    save_file({"vectors": np.ascontiguousarray(judge.shots.vectors)}, directory / VECTORS)


def read(directory: Path) -> Stored:
    """Return what `write` wrote; raises BrokenPromise where a file is missing or damaged."""
    with told_plainly(directory):
        system = (directory / PROMPT).read_bytes().decode()
        about: dict[str, Any] = json.loads((directory / ABOUT).read_bytes().decode("utf-8", "surrogatepass"))
        if _digest(system) != about["prompt_sha256"]:
            raise ValueError(f"{PROMPT} was changed")
        return _stored(system, about, load_file(directory / VECTORS)["vectors"], read_papers(directory))


def write_papers(directory: Path, papers: Mapping[str, str]) -> None:
    """Write the files on the guideline, by name."""
    for name, paper in papers.items():
        (directory / name).write_bytes(paper.encode())


def read_papers(directory: Path) -> dict[str, str]:
    """Return the files on the guideline that are there, by name."""
    there = [directory / name for name in (GUIDELINE, REFINEMENT) if (directory / name).exists()]
    return {path.name: path.read_bytes().decode() for path in there}


def _stored(system: str, about: dict[str, Any], vectors: Any, papers: Mapping[str, str]) -> Stored:
    field = Field.from_json(json.dumps(about["field"]))
    examples = about["examples"]
    shots = Shots(
        tuple(example["text"] for example in examples),
        tuple(value_of(field.kind, example["value"]) for example in examples),
        vectors,
    )
    if len(vectors) != len(examples):
        raise ValueError("examples and vectors do not belong together")
    guess = about["guess"]
    return Stored(
        Judge(field, system, Parameters(**about["parameters"]), Policy(**about["policy"]), shots),
        Curve(**about["curve"]),
        (value_of(field.kind, guess["value"]), guess["confidence"]),
        frozenset(about["names"]),
        Account(**about["account"]),
        about["encoder"],
        (float(about["tokens_per_text"][0]), float(about["tokens_per_text"][1])),
        papers,
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
