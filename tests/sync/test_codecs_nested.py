"""Choices of the task's own that stand below others: read as those that have none below, sent so that they arrive."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelloop.domain.predictions import Prediction
from labelloop.domain.queue import QueueItem
from labelloop.domain.schema import Field
from labelloop.domain.tasks import INPUT_BREAK, OPTION_BREAK, options_of
from labelloop.domain.unanswered import Unanswered
from labelloop.domain.values import Choice, Choices
from sync.api.client import LabelStudio
from sync.codecs.region_codec import (
    from_regions,
    read_answer,
    task_data,
    task_text,
    to_regions,
    validate,
    wire_prediction,
)
from sync.config.label_config import parse
from sync.push import push
from tests.conftest import LABEL_STUDIO, ROOT
from tests.label_studio_template import copy_template
from workers.local import label_studio
from workers.local.processes import free_port
from workers.local.stack import Stack

TEXT = '<Text name="text" value="$text"/>'
ONE = f'<View>{TEXT}<Choices name="c" toName="text" value="$tree" allowNested="true"/></View>'
SOME = ONE.replace("allowNested", 'choice="multiple" allownested')
TREE: list[Any] = [
    {
        "value": "cat",
        "html": "<b>Cats</b>",
        "children": [{"value": "big", "alias": "B", "children": [{"value": "狮"}]}, {"value": "small"}],
    },
    {"value": "dog", "children": []},
    {"value": "a > b"},
    {"html": "no name", "children": [{"value": "lost"}]},
]
DATA = {"text": "Which?", "tree": TREE}
PATHS = ("cat > B > 狮", "cat > small", "dog")
VALIDATION = "fflag_feat_utc_210_prediction_validation_15082025"
BULK = "LABEL_STUDIO_fflag_fix_back_4620_memory_efficient_predictions_import_08012025_short"


def only(xml: str) -> Field:
    (field,) = parse(xml).fields
    return field


def said(stored: Any, name: str = "c") -> list[dict[str, object]]:
    return [{"from_name": name, "to_name": "text", "type": "choices", "value": {"choices": stored}}]


def test_each_choice_without_others_below_is_offered_by_its_path() -> None:
    """With what is shown of those above it; a name with the sign between steps could be two, so it is not offered."""
    assert options_of(task_text(only(SOME), DATA)) == {"cat > B > 狮": "Cats\nbig", "cat > small": "Cats", "dog": ""}


@given(st.frozensets(st.sampled_from(PATHS)), st.sampled_from(PATHS))
def test_nested_choices_come_back_as_they_were(some: frozenset[str], one: str) -> None:
    """Label Studio's own check takes what stands under the control's name for the answer, and accepts it."""
    for xml, value in ((SOME, Choices(some)), (ONE, Choice(one))):
        field = only(xml)
        assert field.allows(value)
        assert validate(xml, wire_prediction(field, value, score=0.5, model_version="v1")) is None
        assert from_regions(field, to_regions(field, value), DATA) == value


@pytest.mark.parametrize(
    ("xml", "stored", "found"),
    [
        (SOME, [["cat", "small"], ["dog"]], Choices(frozenset({"cat > small", "dog"}))),
        (SOME, [["cat"], ["cat", "B"], ["cat", "B", "狮"], ["cat", "small"]], Choices(frozenset(PATHS[:2]))),
        (SOME, [], Choices(frozenset())),
        (SOME, [["cat", "small"], []], Choices(frozenset({"cat > small"}))),
        (SOME, [["cat"]], Unanswered.UNREADABLE),
        (SOME, [["cat", "gone"]], Unanswered.UNREADABLE),
        (SOME, [["a > b"]], Unanswered.UNREADABLE),
        (SOME, [["lost"]], Unanswered.UNREADABLE),
        (SOME, ["dog"], Unanswered.UNREADABLE),
        (SOME, "dog", Unanswered.UNREADABLE),
        (SOME, [["cat", 2]], Unanswered.UNREADABLE),
        (ONE, [["cat"], ["cat", "B"], ["cat", "B", "狮"]], Choice("cat > B > 狮")),
        (ONE, [["cat", "small"], ["dog"]], Unanswered.CONTRADICTORY),
        (ONE, [], Unanswered.EMPTY),
    ],
)
def test_an_answer_is_what_has_nothing_below_it(xml: str, stored: Any, found: object) -> None:
    """Label Studio adds a choice where all below it is ticked; a bare text ticks nothing on its screen."""
    assert read_answer(only(xml), said(stored), DATA) == found


@given(st.dictionaries(st.sampled_from(PATHS), st.sampled_from(("", "Leo & <co>", "two\nlines")), min_size=1))
def test_data_made_of_a_text_is_read_as_that_text(options: dict[str, str]) -> None:
    """So that what is released can be imported again where the task's own data are not known."""
    field = only(SOME)
    offered = OPTION_BREAK.join(f"{name}\n{rest}" if rest else name for name, rest in options.items())
    text = INPUT_BREAK.join(("Which?", offered))
    assert task_text(field, task_data(field, text)) == text


def test_however_deep_choices_lie_they_are_read() -> None:
    """Tasks are imported by people."""
    tree: list[Any] = []
    for depth in range(3000):
        tree = [{"value": str(depth % 7), "children": tree}]
    (path,) = options_of(task_text(only(SOME), {"text": "x", "tree": tree}))
    assert path.count(" > ") == 2999


@pytest.mark.parametrize("name", ["score", "origin", "labels", "rating", "results", "object", "choices", "start"])
def test_a_name_that_the_editor_would_misread_is_refused(name: str) -> None:
    """Seen on the screen: the task is not shown, since the prediction names the control in its value."""
    schema = parse(SOME.replace('name="c"', f'name="{name}"'))
    assert not schema.fields
    assert schema.not_learnable[0].endswith("choose another")


def test_nested_choices_of_the_configuration_are_refused() -> None:
    """A Taxonomy asks the same."""
    tree = '<Choice value="a"><Choice value="b"/><Choice value="c"/></Choice>'
    schema = parse(SOME.replace('value="$tree"', "").replace("/></View>", f">{tree}</Choices></View>"))
    assert not schema.fields
    assert "use a Taxonomy" in schema.not_learnable[0]


@pytest.mark.parametrize("validation", ["true", "false"])
def test_label_studio_stores_them_however_it_checks_predictions(
    validation: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, stack: Stack
) -> None:
    """By default it drops without a word what its check refuses; where predictions are validated, it refuses all."""
    monkeypatch.setenv(VALIDATION, validation)
    monkeypatch.setenv(BULK, "false")
    kept = label_studio.KEPT_FROM_OUR_ENVIRONMENT
    monkeypatch.setattr(label_studio, "KEPT_FROM_OUR_ENVIRONMENT", (*kept, VALIDATION, BULK))
    directory = tmp_path_factory.mktemp("checking")
    copy_template(ROOT / ".cache/label-studio-template", directory, command=LABEL_STUDIO)
    running = label_studio.start_label_studio(directory, port=free_port(8090), command=LABEL_STUDIO)
    field = only(SOME)
    value = Choices(frozenset(PATHS))
    try:
        with LabelStudio(running.url, running.token) as studio:
            project = studio.create_project("Nested", SOME).id
            (task,) = studio.import_tasks(project, [{"data": DATA}])
            item = QueueItem(task, 0.5, {field.name: Prediction(value, 0.9, 0.9)})
            assert push(studio, project, SOME, [field], "v1", [item]) == 1
            (stored,) = studio.tasks(project, [task])[0].predictions
            assert from_regions(field, stored.result, DATA) == value
    finally:
        running.process.stop()
