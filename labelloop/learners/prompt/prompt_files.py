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
from labelloop.encoders.base import Vectors
from labelloop.learners.calibration.platt import PlattScaling
from labelloop.learners.model_io import damage_reported
from labelloop.learners.prompt.example_selection import Policy, Shots
from labelloop.learners.prompt.joint_prompt import Section
from labelloop.learners.prompt.llm_labeler import LlmLabeler
from labelloop.learners.prompt.question import Parameters
from labelloop.llm.cost_center import CostCenter

PROMPT, REST, VECTORS = "prompt.md", "prompt.json", "prompt.safetensors"
MORE = "vectors_of_other_fields"


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
    told = labeler.joint.system if labeler.others else labeler.system
    content: dict[str, Any] = {
        "field": json.loads(labeler.field.to_json()),
        "parameters": _parameters(labeler.parameters),
        "policy": asdict(labeler.policy),
        "names": sorted(prompt.names),
        "curve": asdict(prompt.curve),
        "guess": {"value": plain(prompt.fallback[0]), "confidence": prompt.fallback[1]},
        "account": asdict(prompt.cost_center),
        "encoder": prompt.encoder,
        "tokens_per_text": prompt.tokens,
        "prompt_sha256": _digest(told),
        "examples": _examples(labeler.shots),
    }
    vectors = {"vectors": np.ascontiguousarray(labeler.shots.vectors)}
    if labeler.others:
        content |= {"alone": labeler.system, "together": [_section(one) for one in labeler.others]}
        vectors[MORE] = np.ascontiguousarray(_more_vectors(labeler))
    (directory / PROMPT).write_bytes(told.encode())
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, indent=1) + "\n"
    (directory / REST).write_bytes(text.encode("utf-8", "surrogatepass"))
    write_refinement(directory, prompt.refinement)
    save_file(vectors, directory / VECTORS)


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
        return _prompt(system, content, load_file(directory / VECTORS), read_refinement(directory))


def write_refinement(directory: Path, refinement: Refinement | None) -> None:
    """Write the guideline, as Markdown, and how it came about; nothing where that is not known."""
    if refinement is not None:
        (directory / GUIDELINE).write_bytes(refinement.used.encode())
        (directory / REFINEMENT).write_bytes(refinement.to_json().encode())


def read_refinement(directory: Path) -> Refinement | None:
    """Return how the guideline came about; None where that was not kept."""
    path = directory / REFINEMENT
    return Refinement.from_json(path.read_bytes().decode()) if path.exists() else None


def _examples(shots: Shots) -> list[dict[str, Any]]:
    return [{"text": text, "value": plain(value)} for text, value in zip(shots.texts, shots.values, strict=True)]


def _section(one: Section) -> dict[str, Any]:
    return {"field": json.loads(one.field.to_json()), "system": one.system, "examples": _examples(one.shots)}


def _more_vectors(labeler: LlmLabeler) -> Vectors:
    """Return the vectors of the texts that only other fields have as examples, each once, in their order."""
    own, more = labeler.shots, dict[str, Any]()
    for one in labeler.others:
        for text, vector in zip(one.shots.texts, one.shots.vectors, strict=True):
            if text not in own.by_text:
                more.setdefault(text, vector)
    return np.stack([*more.values()]) if more else own.vectors[:0]


def _others(content: dict[str, Any], own: Shots, more: Vectors) -> tuple[Section, ...]:
    """Return what `_section` wrote, each with its vectors; those of the field's own examples are not stored twice."""
    known = {text: own.vectors[place] for text, place in own.by_text.items()}
    sections = content.get("together", [])
    new = dict.fromkeys(example["text"] for one in sections for example in one["examples"])
    known |= zip([text for text in new if text not in known], more, strict=True)
    return tuple(_read_section(one, known, own.vectors[:0]) for one in sections)


def _read_section(content: dict[str, Any], known: dict[str, Any], none: Vectors) -> Section:
    field, examples = Field.from_json(json.dumps(content["field"])), content["examples"]
    vectors = np.stack([known[example["text"]] for example in examples]) if examples else none
    return Section(field, content["system"], _shots(field, examples, vectors))


def _shots(field: Field, examples: list[dict[str, Any]], vectors: Vectors) -> Shots:
    if len(vectors) != len(examples):
        raise ValueError("examples and vectors do not belong together")
    values = tuple(value_of(field.kind, example["value"]) for example in examples)
    return Shots(tuple(example["text"] for example in examples), values, vectors)


def _prompt(
    told: str, content: dict[str, Any], vectors: dict[str, Vectors], refinement: Refinement | None
) -> FittedPrompt:
    field, fallback = Field.from_json(json.dumps(content["field"])), content["guess"]
    parameters, policy = Parameters(**content["parameters"]), Policy(**content["policy"])
    shots = _shots(field, content["examples"], vectors["vectors"])
    others = _others(content, shots, vectors.get(MORE, shots.vectors[:0]))
    into, out = content["tokens_per_text"]
    return FittedPrompt(
        labeler=LlmLabeler(field, content.get("alone", told), parameters, policy, shots, others),
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
