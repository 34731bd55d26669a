"""The baseline for spans: what was marked before is marked again, wherever it stands."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from labelloop.domain.predictions import Prediction
from labelloop.domain.schema import Field
from labelloop.domain.values import FieldKind
from labelloop.learners.base import Example, FitContext, ModelContext
from labelloop.learners.calibration.platt import PlattScaling
from labelloop.learners.model_io import check_encoder, damage_reported, read_json, write_json
from labelloop.learners.spans.gazetteer import Gazetteer, found_spans, remember
from labelloop.learners.spans.span_calibration import calibrated
from labelloop.learners.spans.span_decision import Decision, predictions
from labelloop.learners.spans.span_documents import Document, documents_of
from labelloop.learners.spans.tokenization import Offsets, units_of

_NOTHING_FOUND = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class DictionaryModel:
    """Implements Model: remembered strings, longest first; `curve` makes their shares honest."""

    gazetteer: Gazetteer
    curve: PlattScaling
    encoder: str

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Return one answer per text."""
        return predictions(texts, [_decide(self.gazetteer, text, units_of(text)) for text in texts], self.curve)

    def save(self, directory: Path) -> None:
        """Write `spans.json`."""
        about = {**asdict(self.gazetteer), "curve": [self.curve.slope, self.curve.offset], "encoder": self.encoder}
        write_json(directory / "spans.json", about)


class DictionaryLearner:
    """Implements Learner: remembers the strings that people marked, and how often they left them unmarked.

    A string is marked where that is what people did at least every other time. Confidence comes from documents
    answered by what the other documents taught.
    """

    name = "dictionary"
    kinds = frozenset({FieldKind.SPANS})
    background = False

    def fit(self, field: Field, examples: Sequence[Example], context: FitContext) -> DictionaryModel:
        """Fit a model to the examples; raises NothingToLearn if none has a value that the field allows."""
        documents = documents_of(field, examples)
        gazetteer = remember(documents)
        unseen = [_decide(gazetteer, d.text, d.units, own=d) for d in documents]
        return DictionaryModel(gazetteer, calibrated(documents, unseen), context.encode.digest)

    def load(self, directory: Path, context: ModelContext) -> DictionaryModel:
        """Read a saved model; raises BrokenPromise if it cannot be read or belongs to another encoder."""
        with damage_reported(directory):
            about = read_json(directory / "spans.json")
            check_encoder(directory, about["encoder"], context.encode)
            gazetteer = Gazetteer(dict(about["marked"]), dict(about["stood"]))
            return DictionaryModel(gazetteer, PlattScaling(*about["curve"]), about["encoder"])


def _decide(gazetteer: Gazetteer, text: str, units: Offsets, own: Document | None = None) -> Decision:
    found = found_spans(gazetteer, text, units, own)
    shares = np.array([*found.values()] or [_NOTHING_FOUND])
    return Decision(frozenset(found), float(shares.prod()), float(np.min(2 * shares - 1)))
