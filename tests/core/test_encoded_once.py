"""Encoding is most of the work: fields that read the same text share its vector."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from labelloop.domain.schema import Field
from labelloop.domain.tasks import Role
from labelloop.encoders.base import Vectors
from labelloop.encoders.vectors import CachedEncoder
from labelloop.learners.base import ModelContext
from labelloop.steps.close_round import close_round
from labelloop.steps.fit import fit
from labelloop.steps.model_store import load_model
from labelloop.steps.order_queue import order_queue
from labelloop.testing import BagOfWords
from tests.core.form import REPLY, RULES, TOPICS, Form
from tests.core.made_up import FIELD


class Counting(BagOfWords):
    """An encoder that counts how often it is asked about each text."""

    def __init__(self) -> None:
        super().__init__()
        self.times = Counter[str]()

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors."""
        self.times.update(texts)
        return super().__call__(texts)


@pytest.mark.parametrize("fields", [(FIELD,), (FIELD, TOPICS), (FIELD, TOPICS, REPLY)], ids=["one", "two", "three"])
def test_a_round_of_several_fields_encodes_each_text_once(fields: tuple[Field, ...], tmp_path: Path) -> None:
    """Fitting all fields, ordering the queue and predicting: the third field reads another part of each task."""
    counting = Counting()
    models = ModelContext(CachedEncoder(counting, None))
    form = Form(tmp_path, RULES)
    form.change_fields(*fields)
    form.import_tasks(range(1, 121))
    form.say(form.untouched(24), leave_out=tuple({"mood", TOPICS.name, "reply"} - {one.name for one in fields}))
    form.say(form.of(Role.MONITOR))
    close_round(*form.view.now())
    for one in form.view.state.by_field:
        (version,) = fit(form.book, one, 1, context=models)
        load_model(form.book, version, context=models).predict([f"new text {n}" for n in range(9)])
    order_queue(*form.view.now(), context=models)

    assert len(counting.times) > 100
    assert set(counting.times.values()) == {1}
