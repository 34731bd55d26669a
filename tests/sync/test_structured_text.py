"""Tables, lists, chats and paths: what of a task's data a model reads."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelloop.domain.schema import Field
from labelloop.domain.tasks import options_of
from labelloop.domain.values import Choice, FieldKind
from sync.codecs.region_codec import from_regions, task_data, task_text, to_regions
from sync.config.label_config import parse
from sync.config.task_paths import at, placed

json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def field(reads: str, path: str = "a") -> Field:
    return Field("c", FieldKind.CHOICE, ("x", "y"), "a", (path,), reads)


@pytest.mark.parametrize(
    ("reads", "shown", "text"),
    [
        ("table", {"b": 1, "A": {"x": [1, "好"]}, "c": None, "yes": True}, 'A\t{"x":[1,"好"]}\nb\t1\nc\tnull\nyes\t'),
        ("table", [{"item": "茶", "n": 2.50}, {"n": True, "more": "x"}], "item\tn\tmore\n茶\t2.5\t\n\t\tx"),
        ("table", ["one", [2]], "0\tone\n1\t[2]"),
        ("table", '{"a": "text"}', "a\ttext"),
        ("table", "no JSON", ""),
        ("table", 7, ""),
        ("list", [{"id": 2, "title": "Two", "body": "b\nc"}, {"id": "x", "html": "<b>Bold</b> <i>x</i>"}], None),
        ("list", "no list", ""),
        (
            "chat",
            [{"role": "user", "content": "你好"}, {"role": "assistant", "content": "Hi"}],
            "user: 你好\nassistant: Hi",
        ),
        ("chat", [{"role": "user"}, "?"], "user: \n"),
        ("markdown", "# Hi\n*there*", "# Hi\n*there*"),
        ("markdown", None, ""),
    ],
)
def test_each_tag_is_read_as_people_see_it(reads: str, shown: object, text: str | None) -> None:
    """Cells of tables are parted by tabs, messages are lines; booleans in cells are not drawn by a browser."""
    found = task_text(field(reads), {"a": shown})
    if text is None:
        assert options_of(found) == {"2": "Two\nb\nc", "x": "Bold x"}
    else:
        assert found == text


def test_a_field_about_a_chat_is_read_beside_the_messages_that_people_add() -> None:
    """Those are regions of the Chat itself, and say nothing of the field."""
    xml = (
        '<View><Chat name="chat" value="$chat"/><Choices name="c" toName="chat"><Choice value="x"/><Choice value="y"/>'
        "</Choices></View>"
    )
    about = parse(xml).field("c")
    assert about is not None
    message = {"id": "m1", "from_name": "chat", "to_name": "chat", "type": "chatmessage", "value": {"chatmessage": {}}}
    data = {"chat": [{"role": "user", "content": "Hi"}]}
    assert task_text(about, data) == "user: Hi"
    assert from_regions(about, [message, *to_regions(about, Choice("y"))], data) == Choice("y")


@given(json, st.sampled_from(("table", "list", "chat", "markdown")))
def test_whatever_the_data_are_reading_them_does_not_fail(shown: object, reads: str) -> None:
    """A text comes out, without NUL and halves of surrogate pairs."""
    text = task_text(field(reads), {"a": shown})
    assert "\x00" not in text
    text.encode()


@pytest.mark.parametrize("reads", ["list", "chat", "markdown", "table"])
@pytest.mark.parametrize("path", ["a", "a.b[1].c"])
def test_data_made_of_a_text_is_read_as_that_text(reads: str, path: str) -> None:
    """So that what is released can be imported again where the task's own data are not known."""
    text = "one\ttwo\n三\t4"
    assert task_text(field(reads, path), task_data(field(reads, path), text)) == text


@given(st.lists(st.sampled_from(["a", "b", "正文-1", "[0]", "[2]"]), min_size=1, max_size=4), json)
def test_what_is_placed_at_a_path_is_found_there(steps: list[str], value: object) -> None:
    """However deep, through lists and objects."""
    path = "k" + "".join(step if step.startswith("[") else f".{step}" for step in steps)
    found = at(placed({path: value}), path)
    assert found is value or found == value or value != value


@pytest.mark.parametrize("data", [{}, {"a": None}, {"a": "text"}, {"a": {"b": {}}}, {"a": {"b": ["x"]}}, {"a": [1]}])
def test_a_path_that_leads_nowhere_finds_nothing(data: dict[str, Any]) -> None:
    """The task then has no text, and is not queued."""
    assert task_text(field("text", "a.b[1]"), data) == ""
