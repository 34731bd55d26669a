"""A prompted model on disk: `prompt.md` for people, `prompt.json` and `prompt.safetensors` for the rest."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from labelloop.domain.refinement import GUIDELINE, REFINEMENT, Refinement
from labelloop.domain.schema import Field
from labelloop.domain.value_cells import plain, value_of
from labelloop.domain.values import Value
from labelloop.learners.calibration.platt import PlattScaling
from labelloop.learners.model_io import damage_reported
from labelloop.learners.prompt.example_selection import Policy, Shots
from labelloop.learners.prompt.llm_labeler import LlmLabeler, Parameters
from labelloop.llm.cost_center import CostCenter

PROMPT, REST, VECTORS = "prompt.md", "prompt.json", "prompt.safetensors"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedPrompt:
    """What a fit makes of an LLM, and all that is stored of it.

    `names` are what the LLM called itself meanwhile; `fallback`, with how often people say so, stands where it says
    nothing of use. `encoder` is the digest of the encoder that made the vectors; `tokens` are how many a text takes on
    average, in and out. `refinement` says which guideline this is and how that came about; the LLM answers without it.
    """

    labeler: LlmLabeler
    curve: PlattScaling
    fallback: tuple[Value, float]
    names: frozenset[str]
    cost_center: CostCenter
    encoder: str
    tokens: tuple[float, float]
    refinement: Refinement | None


def write(directory: Path, prompt: FittedPrompt) -> None:
    """Write the files into an existing directory."""
    labeler = prompt.labeler
    content = {
        "field": json.loads(labeler.field.to_json()),
        "parameters": _parameters(labeler.parameters),
        "policy": asdict(labeler.policy),
        "names": sorted(prompt.names),
        "curve": asdict(prompt.curve),
        "guess": {"value": plain(prompt.fallback[0]), "confidence": prompt.fallback[1]},
        "account": asdict(prompt.cost_center),
        "encoder": prompt.encoder,
        "tokens_per_text": prompt.tokens,
        "prompt_sha256": _digest(labeler.system),
        "examples": [
            {"text": text, "value": plain(value)}
            for text, value in zip(labeler.shots.texts, labeler.shots.values, strict=True)
        ],
    }
    (directory / PROMPT).write_bytes(labeler.system.encode())
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, indent=1) + "\n"
    (directory / REST).write_bytes(text.encode("utf-8", "surrogatepass"))
    write_refinement(directory, prompt.refinement)
    save_file({"vectors": np.ascontiguousarray(labeler.shots.vectors)}, directory / VECTORS)


def _parameters(given: Parameters) -> dict[str, Any]:
    # Versions that were fitted before there were excerpts keep their files.
    return {name: value for name, value in asdict(given).items() if (name, value) != ("excerpts", False)}


def read(directory: Path) -> FittedPrompt:
    """Return what `write` wrote; raises BrokenPromise where a file is missing or damaged."""
    with damage_reported(directory):
        system = (directory / PROMPT).read_bytes().decode()
        content: dict[str, Any] = json.loads((directory / REST).read_bytes().decode("utf-8", "surrogatepass"))
        if _digest(system) != content["prompt_sha256"]:
            raise ValueError(f"{PROMPT} was changed")
        return _prompt(system, content, load_file(directory / VECTORS)["vectors"], read_refinement(directory))


def write_refinement(directory: Path, refinement: Refinement | None) -> None:
    """Write the guideline, as Markdown, and how it came about; nothing where that is not known."""
    if refinement is not None:
        (directory / GUIDELINE).write_bytes(refinement.used.encode())
        (directory / REFINEMENT).write_bytes(refinement.to_json().encode())


def read_refinement(directory: Path) -> Refinement | None:
    """Return how the guideline came about; None where that was not kept."""
    path = directory / REFINEMENT
    return Refinement.from_json(path.read_bytes().decode()) if path.exists() else None


def _prompt(system: str, content: dict[str, Any], vectors: Any, refinement: Refinement | None) -> FittedPrompt:
    field = Field.from_json(json.dumps(content["field"]))
    examples, fallback = content["examples"], content["guess"]
    shots = Shots(
        tuple(example["text"] for example in examples),
        tuple(value_of(field.kind, example["value"]) for example in examples),
        vectors,
    )
    if len(vectors) != len(examples):
        raise ValueError("examples and vectors do not belong together")
    into, out = content["tokens_per_text"]
    return FittedPrompt(
        labeler=LlmLabeler(field, system, Parameters(**content["parameters"]), Policy(**content["policy"]), shots),
        curve=PlattScaling(**content["curve"]),
        fallback=(value_of(field.kind, fallback["value"]), fallback["confidence"]),
        names=frozenset(content["names"]),
        cost_center=CostCenter(**content["account"]),
        encoder=content["encoder"],
        tokens=(float(into), float(out)),
        refinement=refinement,
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
