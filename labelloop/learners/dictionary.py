"""The baseline for spans: what was marked before is marked again, wherever it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from labelloop.domain.predictions import Answer
from labelloop.domain.schema import Field
from labelloop.domain.values import FieldKind, Spans
from labelloop.encoders.base import Encode
from labelloop.learners.base import Example, Scratch
from labelloop.learners.platt import Curve
from labelloop.learners.stored import check_encoder, told_plainly
from labelloop.learners.tagging.decision import Decision
from labelloop.learners.tagging.files import read_about, write
from labelloop.learners.tagging.gazetteer import Gazetteer, found_spans, remember
from labelloop.learners.tagging.held_out import calibrated
from labelloop.learners.tagging.material import Document, documents_of
from labelloop.learners.tagging.units import Offsets, units_of

_NOTHING_FOUND = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class DictionaryModel:
    """Implements Model: remembered strings, longest first; `curve` makes their shares honest."""

    gazetteer: Gazetteer
    curve: Curve
    encoder: str

    def answer(self, texts: Sequence[str]) -> list[Answer]:
        """Return one answer per text."""
        decisions = [_decide(self.gazetteer, text, units_of(text)) for text in texts]
        sure = self.curve([decision.score for decision in decisions])
        return [Answer(Spans(d.spans), d.margin, float(p)) for d, p in zip(decisions, sure, strict=True)]

    def save(self, directory: Path) -> None:
        """Write `spans.json`."""
        write(
            directory,
            {
                "marked": self.gazetteer.marked,
                "stood": self.gazetteer.stood,
                "curve": [self.curve.slope, self.curve.offset],
                "encoder": self.encoder,
            },
        )


class DictionaryLearner:
    """Implements Learner: remembers the strings that people marked, and how often they left them unmarked.

    A string is marked where that is what people did at least every other time. Confidence comes from documents
    answered by what the other documents taught.
    """

    name = "dictionary"
    kinds = frozenset({FieldKind.SPANS})
    background = False

    def fit(
        self,
        field: Field,
        examples: Sequence[Example],
        *,
        pool: Sequence[str],  # noqa: ARG002
        encode: Encode,
        seed: int,  # noqa: ARG002
        scratch: Scratch,  # noqa: ARG002
    ) -> DictionaryModel:
        """Fit a model to the examples; raises NothingToLearn if none has a value that the field allows."""
        documents = documents_of(field, examples)
        gazetteer = remember(documents)
        unseen = [_decide(gazetteer, d.text, d.units, own=d) for d in documents]
        return DictionaryModel(gazetteer, calibrated(documents, unseen), encode.digest)

    def load(self, directory: Path, *, encode: Encode) -> DictionaryModel:
        """Read a saved model; raises BrokenPromise if it cannot be read or belongs to another encoder."""
        with told_plainly(directory):
            about = read_about(directory)
            gazetteer = Gazetteer(dict(about["marked"]), dict(about["stood"]))
            model = DictionaryModel(gazetteer, Curve(*about["curve"]), about["encoder"])
        check_encoder(directory, model.encoder, encode)
        return model


def _decide(gazetteer: Gazetteer, text: str, units: Offsets, own: Document | None = None) -> Decision:
    found = found_spans(gazetteer, text, units, own)
    shares = np.array([*found.values()] or [_NOTHING_FOUND])
    return Decision(frozenset(found), float(shares.prod()), float(np.min(2 * shares - 1)))
