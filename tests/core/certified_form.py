"""A made-up form at the end of its loop: its fields have models, which are certified and released at once."""

from collections.abc import Iterable
from pathlib import Path

from labelloop.domain.records import CertifyDraw
from labelloop.domain.schema import Field
from labelloop.domain.tasks import Role
from labelloop.domain.values import Value
from labelloop.steps.certify import certify, end_attempt, start_attempt
from labelloop.steps.release import answer_chunk, order_release
from tests.core.form import RULES, Form, answers, turn
from tests.core.made_up import MODELS


def with_models(folder: Path, *fields: Field, tasks: int = 300, labels: int = 60) -> Form:
    """Return a form of these fields with a model of each, and its audit tasks judged by two people."""
    form = Form(folder, RULES)
    form.change_fields(*fields)
    form.import_tasks(range(1, tasks + 1))
    form.say(form.untouched(labels))
    for person in (1, 2):
        form.say(form.of(Role.MONITOR), person)
    turn(form)
    return form


def attempt(form: Form, n: int = 80, max_error: float = 0.1) -> CertifyDraw:
    """Draw CERTIFY tasks for all fields."""
    return start_attempt(*form.view.now(), max_error=max_error, confidence=0.95, n=n)


def say_otherwise(form: Form, tasks: Iterable[int], **said: Value) -> None:
    """Let a person answer the tasks truly, but for these fields."""
    for task in tasks:
        form.say_all(task, 1, answers(task) | said)


def certify_all(form: Form, refused: tuple[str, ...] = ()) -> None:
    """Make the certificates that are due, as the job does; of the `refused` fields none is granted."""
    for one in form.view.state.attempted:
        if one.field.name in refused:
            assert one.attempt is not None
            end_attempt(form.book, one, one.attempt, "people say otherwise")
        else:
            certify(form.book, one, context=MODELS)


def certified(form: Form, n: int = 80, max_error: float = 0.1) -> None:
    """Draw CERTIFY tasks, let a person answer them truly, and make the certificates."""
    attempt(form, n, max_error)
    form.say(form.of(Role.CERTIFY))
    certify_all(form)


def predicted(form: Form) -> None:
    """Order the release and predict its chunks of all fields."""
    order_release(*form.view.now())
    predict_all(form)


def predict_all(form: Form) -> None:
    """Predict the chunks that a release lacks."""
    state = form.view.state
    for name, chunk in state.missing_chunks:
        one = state.focused(name)
        assert one.attempt is not None
        answer_chunk(form.book, one, one.attempt.draw.number, chunk, context=MODELS)
