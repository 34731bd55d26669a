"""Labelled files as people have them: our own without loss, other tables and doccano's lines, and what is refused."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from labelloop.domain.consensus import settle
from labelloop.domain.rounds import AnnotatedTask, Round
from labelloop.domain.schema import Field
from labelloop.domain.tasks import Annotation, Role, Task
from labelloop.domain.values import Choice, Choices, FieldKind, Rating, Span, Spans, Text, Value
from labelloop.errors import UserError
from labelloop.simulate.csv_labels import read_csv
from labelloop.simulate.jsonl_labels import read_jsonl
from labelloop.simulate.labelled_texts import Labelled, LabelledText, labelled, require_learnable
from labelloop.stores.round_files import round_files

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ODD = ("A|B", "A", "B", 'say "hi"', "two\nlines", "ends, with; signs\t", "['x']", "文娱 🙂")
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a file."""

    def written(content: str, name: str = "file.csv", encoding: str = "utf-8") -> Path:
        (tmp_path / name).write_text(content, encoding, newline="")
        return tmp_path / name

    return written


def choices(*labels: str) -> Choices:
    return Choices(frozenset(labels))


def spans(*found: tuple[int, int, str]) -> Spans:
    return Spans(frozenset(Span(*one) for one in found))


def training_set(values: list[Value]) -> str:
    """Return the CSV of a round in which people gave these values."""
    tasks = []
    for number, value in enumerate(values, 1):
        said = Annotation(number, number, 1, value, NOW)
        tasks.append(AnnotatedTask(Task(number, f"a text, number {number}"), Role.TRAIN, (said,), settle([said])))
    return round_files(Round(1, tuple(tasks)), None)["training_set.csv"].decode()


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([Choice(label) for label in ODD], FieldKind.CHOICE),
        ([choices("A|B"), choices("A", "B"), choices(), choices(*ODD)], FieldKind.CHOICES),
        ([choices(label) for label in ODD], FieldKind.CHOICES),
        ([spans((0, 2, "A|B"), (2, 6, 'say "hi"')), spans(), spans((0, 1, "1-2 x"))], FieldKind.SPANS),
        ([Text("one|two"), Text("[]"), Text('{"choices": ["a"]}'), Text("two\nlines")], FieldKind.TEXT),
        ([Rating(5), Rating(1), Rating(3)], FieldKind.RATING),
    ],
)
def test_a_round_is_replayed_with_the_labels_that_people_gave(
    write: Write, values: list[Value], kind: FieldKind
) -> None:
    """Whatever signs a label is made of, and none is an answer too; the readable column stays beside it."""
    file = write(training_set(values))
    data = read_csv(file)
    assert (data.field.kind, [row.value for row in data.rows], data.left_out) == (kind, values, ())
    assert file.read_text("utf-8").startswith("input_text,label,labels,")


@pytest.mark.parametrize("label", ["A|B", "", "0-4 City"])
def test_a_file_of_ours_that_joins_labels_is_refused_with_the_way_out(write: Write, label: str) -> None:
    """Nobody can tell `A|B` from `A` and `B`; where nothing is joined it is read."""
    head = "input_text,label,task_id,role,round,people\n"
    with pytest.raises(UserError, match=r"earlier version.*labelloop round close"):
        read_csv(write(f"{head}one,A,1,train,1,1\ntwo,{label},2,train,1,1\n"))
    assert read_csv(write(f"{head}one,A,1,train,1,1\n")).rows == (LabelledText("one", Choice("A")),)


@pytest.mark.parametrize(
    ("content", "name", "encoding"),
    [
        ("text,label\nhello,a\n4711,b\n", "x.csv", "utf-8-sig"),
        ("text;label\nhello;a\n4711;b\n", "x.csv", "utf-8"),
        ("text\tlabel\r\nhello\ta\r\n4711\tb\r\n", "x.csv", "utf-16"),
        ("text\tlabel\nhello\ta\n4711\tb\n", "x.tsv", "utf-8-sig"),
        ('"label","text"\na,hello\nb,4711\n', "x.csv", "utf-8"),
        ("text,label,,\nhello,a,,\n\n4711,b,,,\n", "x.csv", "utf-8"),
        ('\ufeff"\ufefftext","\ufefflabel"\n"hello","\ufeffa"\n4711,\ufeff b \n', "x.csv", "utf-8"),
    ],
)
def test_tables_are_read_as_spreadsheets_write_them(write: Write, content: str, name: str, encoding: str) -> None:
    """Byte-order marks, other delimiters, empty columns and rows."""
    data = read_csv(write(content, name, encoding))
    assert [(row.text, row.value) for row in data.rows] == [("hello", Choice("a")), ("4711", Choice("b"))]


def test_a_text_of_any_length_is_read(write: Write) -> None:
    """Longer than the csv module reads by itself."""
    data = read_csv(write("text,label\n" + "好" * 200_000 + ",a\n"))
    assert len(data.rows[0].text) == 200_000


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("text,label\nhello, world,a\n", "Row 2 .* has 3 cells, the head line 2"),
        ('text,label\nhello,"{""choices"": [""a"", ""b""]}"\n', "Row 2 .* export the project as JSON"),
        ('text,label\nhello,"[{""start"": 0, ""end"": 1, ""labels"": [""a""]}]"\n', "a structure, not a label"),
        ('text,labels\nhello,"[""a""]"\nbye,b\n', "Row 3 .* no JSON list in its column labels"),
        ('text,label\n"open,a\n', "cannot be read as a table"),
    ],
)
def test_a_cell_that_is_no_label_is_never_a_class(write: Write, content: str, says: str) -> None:
    """The row is named, and what to do."""
    with pytest.raises(UserError, match=says):
        read_csv(write(content))


def test_rows_without_a_label_are_counted(write: Write) -> None:
    """They are no answer, and nobody is kept in the dark."""
    data = read_csv(write("text,label\nhello,a\nbye,\n,b\n"))
    assert (len(data.rows), dict(data.left_out)) == (1, {"rows without a label": 1, "rows without a text": 1})


def lines(*objects: object) -> str:
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in objects)


@pytest.mark.parametrize(
    ("objects", "kind", "values"),
    [
        ([{"id": 1, "text": "北京 rocks", "label": ["a"]}, {"text": "x", "label": ["b"]}], FieldKind.CHOICE,
         [Choice("a"), Choice("b")]),
        ([{"text": "x", "label": "a"}, {"text": "y", "label": ["b"]}], FieldKind.CHOICE, [Choice("a"), Choice("b")]),
        ([{"text": "x", "label": ["a", "b"]}, {"text": "y", "label": ["b"]}], FieldKind.CHOICES,
         [choices("a", "b"), choices("b")]),
        ([{"text": "北京 rocks", "label": [[0, 2, "City"], [3, 8, "A|B"]]}, {"text": "x", "label": []}],
         FieldKind.SPANS, [spans((0, 2, "City"), (3, 8, "A|B")), spans()]),
        ([{"text": "北京 rocks", "labels": [[0, 2, "City"]]}], FieldKind.SPANS, [spans((0, 2, "City"))]),
        ([{"text": "北京 rocks", "entities": [[0.0, "2", "City"]]}], FieldKind.SPANS, [spans((0, 2, "City"))]),
        ([{"text": "北京 rocks", "entities": [{"id": 4, "label": "City", "start_offset": 0, "end_offset": 2}],
           "relations": []}], FieldKind.SPANS, [spans((0, 2, "City"))]),
        ([{"text": 4711, "label": True}, {"text": 2.50, "label": 1.0}], FieldKind.CHOICE,
         [Choice("true"), Choice("1")]),
        ([{"input_text": "x", "label": "A|B", "labels": ["A", "B"]}, {"input_text": "y", "label": "", "labels": []}],
         FieldKind.CHOICES, [choices("A", "B"), choices()]),
        ([{"input_text": "x", "label": "A|B", "labels": ["A|B"]}, {"input_text": "y", "label": "B", "labels": ["B"]}],
         FieldKind.CHOICE, [Choice("A|B"), Choice("B")]),
        ([{"input_text": "x", "label": "written", "labels": []}], FieldKind.TEXT, [Text("written")]),
    ],
)  # fmt: skip
def test_lines_are_read_as_their_tool_means_them(
    write: Write, objects: list[object], kind: FieldKind, values: list[Value]
) -> None:
    """A label is a word or a list, a span an object or a list of start, end and label; exports keep their sets."""
    data = read_jsonl(write(lines(*objects), "x.jsonl"))
    assert (data.field.kind, [row.value for row in data.rows]) == (kind, values)
    assert all(row.text not in ("None", "True") for row in data.rows)


def test_lines_that_nobody_labelled_are_no_answer(write: Write) -> None:
    """Null, nothing, blanks and, where one label is wanted, an empty list."""
    nothing: list[object] = [None, "", " ", []]
    more = [{"text": f"n{n}", "label": label} for n, label in enumerate(nothing)]
    data = read_jsonl(write(lines({"text": "x", "label": "a"}, *more, {"text": None, "label": "a"}), "x.jsonl"))
    assert [row.text for row in data.rows] == ["x"]
    assert dict(data.left_out) == {"rows without a label": 4, "rows without a text": 1}


@pytest.mark.parametrize(
    "line",
    [
        {"label": {"choices": ["a"]}},
        {"label": ["a", None]},
        {"labels": "a"},
        {"label": [[0, 1]]},
        {"label": [[0, 99, "a"]]},
        {"label": [[0.5, 1, "a"]]},
        {"spans": [{"start": 0, "end": 1, "label": None}]},
    ],
)
def test_a_line_that_says_something_else_is_named(write: Write, line: dict[str, object]) -> None:
    """It is never another label."""
    with pytest.raises(UserError, match=r"Line 2 .* cannot be read"):
        read_jsonl(write(lines({"text": "nobody"}, {"text": "hello", **line}), "x.jsonl"))


def test_what_the_loop_refuses_is_refused() -> None:
    """One label to choose from, or none."""

    def data(values: list[Value], kind: FieldKind) -> Labelled:
        return labelled(_field(kind), [LabelledText(f"text {n}", value) for n, value in enumerate(values)])

    with pytest.raises(UserError, match="2 texts have the same label, a"):
        require_learnable(data([Choice("a"), Choice("a")], FieldKind.CHOICE))
    with pytest.raises(UserError, match="No text of the file has a label"):
        require_learnable(data([choices(), choices()], FieldKind.CHOICES))
    require_learnable(data([Choice("a"), Choice("b")], FieldKind.CHOICE))


def _field(kind: FieldKind) -> Field:
    return Field("f", kind, (), "text", ("text",))
