"""What a student says of labelled examples that it was not fitted to."""

from collections.abc import Callable, Sequence

import numpy as np

from labelloop.domain.predictions import Answer
from labelloop.domain.tasks import fingerprint
from labelloop.learners.base import Example, Model
from labelloop.learners.out_of_fold import FOLDS


def answers_out_of_fold(
    fit: Callable[[Sequence[Example]], Model], examples: Sequence[Example], places: Sequence[int], seed: int
) -> list[Answer]:
    """Return the answers to the examples at these places, each by a model that has not seen its text.

    The examples are dealt into five folds, those of one text into the same. Where all have one text, nothing is left
    to fit: the answer is the first example's, with margin and confidence 0.
    """
    texts = sorted({fingerprint(example.text) for example in examples})
    dealt = dict(zip(texts, np.random.default_rng(seed).permutation(len(texts)) % FOLDS, strict=True))
    folds = [int(dealt[fingerprint(example.text)]) for example in examples]
    found: dict[int, Answer] = {}
    for fold in sorted({folds[place] for place in places}):
        known = [example for example, its in zip(examples, folds, strict=True) if its != fold]
        held = [place for place in places if folds[place] == fold]
        blind = [Answer(examples[0].value, 0.0, 0.0)] * len(held)
        said = fit(known).answer([examples[place].text for place in held]) if known else blind
        found.update(zip(held, said, strict=True))
    return [found[place] for place in places]
