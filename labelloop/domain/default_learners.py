"""Which learners compete where the Rules name none: by the kind of field, the labels so far, and the machine."""

from dataclasses import dataclass
from typing import assert_never

from labelloop.domain.values import LABEL_KINDS, FieldKind

CONTRASTIVE_FROM = 8
"""Labels of each class from which on tuning the encoder gains more than it loses."""
CONTRASTIVE_CLASSES = 20
"""With more classes than this a frozen encoder is as good, measured on intents."""
FINETUNE_FROM = 50
"""Labels of each class from which on all of a network is worth training."""
FINETUNE_CORES = 8
"""Without a GPU, cores below which that would take hours."""
_CPU_MINUTES = 30
_GPU_MINUTES = 15


@dataclass(frozen=True, slots=True)
class BackgroundLearner:
    """A learner by its recipe, and how many seconds its fit may take before it ends with its best so far."""

    spec: str
    seconds: float


def default_learners(kind: FieldKind) -> tuple[str, ...]:
    """Return the quick learners, by recipe, that are fitted to a field of this kind after every round."""
    match kind:
        case FieldKind.SPANS:
            return ("tagger",)
        case FieldKind.TEXT:
            return ("retrieval",)
        case (
            FieldKind.CHOICE
            | FieldKind.CHOICES
            | FieldKind.RATING
            | FieldKind.PAIRWISE
            | FieldKind.TAXONOMY
            | FieldKind.NUMBER
            | FieldKind.DATETIME
            | FieldKind.OPTION
            | FieldKind.OPTIONS
            | FieldKind.RANKING
        ):
            return ("linear",)
        case _:
            assert_never(kind)


def background_learners(
    kind: FieldKind, *, labels: int, classes: int, cores: int, gpu: bool, llm: bool = False
) -> tuple[BackgroundLearner, ...]:
    """Return the slow learners that are worth a background job after a round, the most promising first.

    `labels` are the settled TRAIN labels, `classes` the labels that the field allows. Nobody waits for them: they
    compete with the quick ones when they are ready. `llm` tells that an LLM is set up: then it is asked, whatever the
    kind of field, and first, for it takes the least of this machine's time.

    >>> [one.spec for one in background_learners(FieldKind.CHOICE, labels=100, classes=6, cores=2, gpu=False)]
    ['contrastive']
    """
    seconds = 60.0 * (_GPU_MINUTES if gpu else _CPU_MINUTES)
    tuned = _tuned(kind, labels=labels, classes=classes, strong=gpu or cores >= FINETUNE_CORES)
    return tuple(BackgroundLearner(spec, seconds) for spec in (*(("prompt",) if llm else ()), *tuned))


def _tuned(kind: FieldKind, *, labels: int, classes: int, strong: bool) -> list[str]:
    if kind not in LABEL_KINDS - {FieldKind.PAIRWISE} | {FieldKind.SPANS} or classes < 1:
        return []
    each, found = labels / classes, list[str]()
    if kind is not FieldKind.SPANS and each >= CONTRASTIVE_FROM and 2 <= classes <= CONTRASTIVE_CLASSES:
        found.append("contrastive")
    if each >= FINETUNE_FROM and strong:
        found.append("token-finetune" if kind is FieldKind.SPANS else "finetune")
    return found
