"""A student's predictions for labelled examples that it was not fitted to."""

from collections.abc import Callable, Sequence

import numpy as np

from labelloop.domain.predictions import Prediction
from labelloop.learners.base import Example, Model
from labelloop.learners.folds import FOLDS, folds_by_text


def predictions_out_of_fold(
    fit: Callable[[Sequence[Example]], Model], examples: Sequence[Example], places: Sequence[int], seed: int
) -> list[Prediction]:
    """Return the predictions for the examples at these places, each by a model that has not seen its text.

    The examples are dealt into five folds, those of one text into the same. Where all have one text, nothing is left
    to fit: the prediction is the first example's, with margin and confidence 0.
    """
    folds = folds_by_text([example.text for example in examples], FOLDS, np.random.default_rng(seed)).tolist()
    found: dict[int, Prediction] = {}
    for fold in sorted({folds[place] for place in places}):
        known = [example for example, its in zip(examples, folds, strict=True) if its != fold]
        held = [place for place in places if folds[place] == fold]
        blind = [Prediction(examples[0].value, 0.0, 0.0)] * len(held)
        predictions = fit(known).predict([examples[place].text for place in held]) if known else blind
        found.update(zip(held, predictions, strict=True))
    return [found[place] for place in places]
