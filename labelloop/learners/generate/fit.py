"""Training a checkpoint to write what people wrote, and how sure it may be."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import structlog
from numpy.typing import NDArray

from labelloop.learners.calibration.platt import PlattScaling, fit_platt
from labelloop.learners.folds import validation_part
from labelloop.learners.training.dataset import Dataset
from labelloop.learners.training.generator_trainer import GeneratorTrainer
from labelloop.learners.training.head_tail_tokenizer import HeadTailTokenizer
from labelloop.learners.training.run import TrainingRun, is_large
from labelloop.learners.training.text_generator import TextGenerator, bridge, end_of, load_language_model

MAX_TOKENS = 512
"""Of a text and its answer together."""
MAX_ANSWER = 128
"""Longer answers are learned, and written, as far as this."""
_log = structlog.get_logger()


def train_generator(run: TrainingRun, table: Dataset, guess: str) -> tuple[TextGenerator, PlattScaling]:
    """Train the run's checkpoint to write the answers; return it, and how sure it may be.

    `guess` is answered where it writes nothing.
    """
    reader, body = run.reader, load_language_model(run.checkpoint, run.folder)
    most = min(MAX_ANSWER, reader.limit // 2)
    answers = [_tokens(reader, str(value).strip(), end_of(body.config), most) for value in table.values]
    if cut := sum(answer[-1] != end_of(body.config) for answer in answers):
        _log.warning("answers_cut", answers=cut, tokens=most)
    most = min(most, 2 * max(map(len, answers)))  # one that rambles is stopped soon
    room = HeadTailTokenizer(reader.tokenizer, reader.pad_id, max(reader.limit - most - len(bridge(reader)), 2))
    writer = TextGenerator(body, room, adapted=is_large(body), most=most)
    held = validation_part(np.ones((len(table.texts), 1), bool), run.context.seed)
    run.trainer(partial(GeneratorTrainer, answers=answers), writer, table, held).train()
    return writer, _curve(writer, table, np.flatnonzero(held), guess)


def written(writer: TextGenerator, guess: str, text: str) -> tuple[str, float]:
    """Return what the network writes and its score in [0, 1]; where that is nothing, the guess and 0."""
    found = writer.write(text)
    answer = str(writer.reader.tokenizer.decode(list(found.ids), skip_special_tokens=True)).strip()
    return (answer, found.score) if answer else (guess, 0.0)


def _curve(writer: TextGenerator, table: Dataset, held: NDArray[np.int64], guess: str) -> PlattScaling:
    answers = [written(writer, guess, table.texts[row]) for row in held]
    right = [answer == str(table.values[row]).strip() for (answer, _), row in zip(answers, held, strict=True)]
    return fit_platt([score for _, score in answers], right)


def _tokens(reader: HeadTailTokenizer, answer: str, end: int, most: int) -> Sequence[int]:
    ids = reader.tokenizer.encode(answer.encode("utf-8", "replace").decode("utf-8"), add_special_tokens=False).ids
    return [*ids, end][:most]
