"""Replaying labelled files: what is read, what is replayed, and what is drawn."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from labelloop.domain.default_learners import background_learners, default_learners
from labelloop.domain.schema import Field
from labelloop.domain.values import Choice, Choices, FieldKind, Span, Spans
from labelloop.errors import UserError
from labelloop.simulate.csv_labels import read_csv
from labelloop.simulate.data_split import parts
from labelloop.simulate.figures import figures
from labelloop.simulate.jsonl_labels import read_jsonl
from labelloop.simulate.labelled_texts import TEST, Labelled, LabelledText, labelled
from labelloop.simulate.learning_curve import CurvePoint, curve, outlook
from labelloop.simulate.picture import picture
from labelloop.simulate.replay import CHAMPION, Point, replay
from labelloop.simulate.replay_plan import DEFAULT, Machine, Plan
from labelloop.testing import BagOfWords
from tests.core.made_up import FIELD, MODELS, text, truth

ENCODE = BagOfWords()
MACHINE = Machine(cores=2)
USUAL = "typical-then-cluster-margin"

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a file."""

    def written(content: str) -> Path:
        file = tmp_path / "labelled"
        file.write_text(content, "utf-8")
        return file

    return written


def made_up(n: int = 200, tests: int = 60) -> Labelled:
    """Texts whose words give the label, some of them to test on."""
    rows = [LabelledText(text(k), Choice(truth(k)), TEST if k < tests else "train") for k in range(n)]
    return Labelled(FIELD, tuple(rows))


def played(data: Labelled, plan: Plan, seed: int = 0) -> list[Point]:
    return list(replay(data, plan, seed=seed, context=MODELS, tick=lambda: None))


def test_a_csv_is_read_with_its_split(write: Write) -> None:
    """Chinese, quotes and line ends inside a text, a byte-order mark; rows without label or text are passed over."""
    data = read_csv(
        write('\ufefftext,label,split\n"好，吃\n的 ""赞""",positive,test\n坏,negative,train\n空,,train\n ,x,\n')
    )

    assert data.field.labels == ("negative", "positive")
    assert [(row.text, row.value, row.split) for row in data.rows] == [
        ('好，吃\n的 "赞"', Choice("positive"), "test"),
        ("坏", Choice("negative"), "train"),
    ]


def test_our_own_round_files_and_other_label_columns_are_read(write: Write) -> None:
    """`input_text` is what our files call the text."""
    file = write("input_text,label,mood\nhello,a,good\nbye,b,bad\n")

    assert read_csv(file).field.labels == ("a", "b")
    assert read_csv(file, "mood").field.labels == ("bad", "good")


@pytest.mark.parametrize(
    ("line", "kind", "value"),
    [
        ({"label": 3}, FieldKind.CHOICE, Choice("3")),
        ({"labels": ["a", "b"]}, FieldKind.CHOICES, Choices(frozenset("ab"))),
        ({"labels": []}, FieldKind.CHOICES, Choices(frozenset())),
        ({"spans": [{"start": 0, "end": 2, "label": "地"}]}, FieldKind.SPANS, Spans(frozenset({Span(0, 2, "地")}))),
    ],
)
def test_json_lines_tell_their_kind_by_their_key(
    write: Write, line: dict[str, object], kind: FieldKind, value: object
) -> None:
    """`label`, `labels` and `spans` each mean one kind of field."""
    data = read_jsonl(write(json.dumps({"text": "北京很大🙂"} | line) + "\n\n"))

    assert (data.field.kind, data.rows[0].value) == (kind, value)


@pytest.mark.parametrize(
    ("read", "content", "says"),
    [
        (read_csv, "body,label\nx,y\n", "text or input_text"),
        (read_csv, "text,mood\nx,y\n", "no label"),
        (read_csv, "text,label\n", "no labelled text"),
        (read_csv, "", "no text"),
        (read_jsonl, '{"text": "x", "label": "y"}\nnonsense\n', "Line 2"),
        (read_jsonl, "[1]\n", "Line 1"),
        (read_jsonl, '{"text": "x"}\n', "label or labels or entities or spans"),
        (read_jsonl, '{"text": "x", "labels": "y"}\n', "no list"),
        (read_jsonl, '{"text": "x", "spans": [{"start": 0, "end": 2, "label": "y"}]}\n', "beyond the text"),
        (read_jsonl, '{"text": "x", "spans": [{"start": 0, "end": 0, "label": "y"}]}\n', "empty"),
        (read_jsonl, '{"text": "x", "spans": [[0, 1]]}\n', "Line 1"),
        (read_jsonl, '{"text": "a", "label": "y"}\n{"label": "y"}\n', "Line 2"),
    ],
)
def test_what_cannot_be_read_is_said_so(
    write: Write, read: Callable[[Path], Labelled], content: str, says: str
) -> None:
    """One sentence that names the line or the column."""
    with pytest.raises(UserError, match=says):
        read(write(content))


def test_a_file_that_is_missing_or_no_text_is_said_so(tmp_path: Path) -> None:
    """Neither is a traceback."""
    (tmp_path / "bytes").write_bytes(b"text,label\n\xff\xfe,x\n")
    for read in (read_csv, read_jsonl):
        for name, says in (("none", "There is no file"), ("bytes", "cannot be read as UTF-8")):
            with pytest.raises(UserError, match=says):
                read(tmp_path / name)


def test_the_parts_share_no_text_and_the_file_decides_what_is_tested() -> None:
    """Texts to label, audit tasks, test texts; the audit is a quarter at most."""
    data = made_up()
    split = parts(data, seed=1, encode=ENCODE)
    train, audit, test = ({row.text for row in rows} for rows in (split.train, split.audit, split.test))

    assert test == {row.text for row in data.rows if row.split == TEST}
    assert (len(train), len(audit)) == (105, 35)
    assert not train & audit
    assert not (train | audit) & test


def test_without_a_split_a_fifth_is_held_out_by_the_seed() -> None:
    """Another seed, other test texts; the same seed, the same ones."""
    data = made_up(tests=0)
    one, again, other = (parts(data, seed=seed, encode=ENCODE) for seed in (1, 1, 2))

    assert [len(split.test) for split in (one, other)] == [40, 40]
    assert one.test == again.test != other.test


def test_of_two_texts_one_is_held_out() -> None:
    """However small the file, there is something to measure on."""
    data = made_up(tests=0)
    split = parts(replace(data, rows=data.rows[:2]), seed=0, encode=ENCODE)

    assert (len(split.train), len(split.audit), len(split.test)) == (1, 0, 1)


def test_a_replay_learns_and_is_the_same_again() -> None:
    """Accuracy rises with labels; the same seed gives the same curve."""
    plan = Plan(("linear",), USUAL, (2, 80), MACHINE)
    first, second = played(made_up(), plan), played(made_up(), plan)

    assert [(point.labels, point.figures) for point in first] == [(point.labels, point.figures) for point in second]
    assert [point.labels for point in first] == [2, 80]
    assert first[1].figures.accuracy > max(first[0].figures.accuracy, 0.8)


def test_several_candidates_have_a_champion() -> None:
    """It is one of them in every round, chosen without the test texts."""
    points = played(made_up(), Plan(("linear", "logistic"), "disagreement", (20, 60), MACHINE))
    by = {(point.learner, point.labels): point.figures for point in points}

    assert {learner for learner, _ in by} == {"linear", "logistic", CHAMPION}
    for labels in (20, 60):
        assert by[CHAMPION, labels] in (by["linear", labels], by["logistic", labels])


def test_the_default_is_what_the_product_fits() -> None:
    """Quick learners in every round; slow ones when they are asked for, from the number of labels they are worth."""
    plan = Plan((DEFAULT,), USUAL, (10, 80), MACHINE)
    slow = Plan((DEFAULT,), USUAL, (10, 80), Machine(2, background=True))

    assert [plan.specs(FIELD, labels) for labels in (10, 80)] == [("linear",), ("linear",)]
    assert [slow.specs(FIELD, labels) for labels in (10, 80)] == [("linear",), ("linear", "contrastive")]
    assert (plan.fits(FIELD), slow.fits(FIELD)) == (2, 3)
    assert [point.learner for point in played(made_up(), plan)] == [DEFAULT, DEFAULT]


@pytest.mark.parametrize(
    ("rounds", "learner", "says"),
    [
        ((10, 500), "linear", "Only 105 texts"),
        ((50, 20), "linear", "rising numbers"),
        ((0,), "linear", "rising numbers"),
        ((10,), "retrieval", "cannot learn choice"),
        ((10,), "nobody", "no learner named nobody"),
    ],
)
def test_a_plan_that_cannot_be_followed_is_refused(rounds: tuple[int, ...], learner: str, says: str) -> None:
    """Before anything is fitted."""
    with pytest.raises(UserError, match=says):
        played(made_up(), Plan((learner,), USUAL, rounds, MACHINE))


def test_spans_are_replayed_with_their_strict_f1() -> None:
    """A set of spans is right as a whole, and its likeness is the F1 of its spans."""
    people = Spans(frozenset({Span(0, 1, "a"), Span(2, 3, "b")}))
    model = Spans(frozenset({Span(0, 1, "a"), Span(2, 4, "b")}))
    data = spans()
    found = figures([(people, people), (people, model)])

    assert found.accuracy == 0.5
    assert found.agreement == 0.75
    assert found.macro_f1 == 0.75
    assert played(data, Plan(("dictionary",), "random", (20,), MACHINE))[0].figures.macro_f1 == 1.0


def spans() -> Labelled:
    """Texts in which the same words are always labelled."""
    rows = [
        LabelledText(f"a b number{n}", Spans(frozenset({Span(0, 1, "a"), Span(2, 3, "b")})), TEST if n < 20 else "")
        for n in range(100)
    ]
    return labelled(Field("parts", FieldKind.SPANS, (), "text", ("text",)), rows)


def point(seed: int, labels: int, accuracy: float, learner: str = "linear") -> Point:
    pairs = [(Choice("good"), Choice("good" if k < accuracy * 100 else "bad")) for k in range(100)]
    return Point(seed, "random", learner, labels, figures(pairs), 2.0)


def test_a_curve_has_the_mean_and_the_spread_of_its_runs() -> None:
    """One row per learner and number of labels; worst and best run, sample standard deviation."""
    rows = curve([point(0, 100, 0.9), point(1, 50, 0.6), point(0, 50, 0.8), point(0, 50, 0.5, "other")])

    assert [(row.learner, row.labels, row.seeds) for row in rows] == [
        ("linear", 50, 2),
        ("linear", 100, 1),
        ("other", 50, 1),
    ]
    assert rows[0].accuracy == pytest.approx(0.7)
    assert (rows[0].low, rows[0].high) == (0.6, 0.8)
    assert rows[0].accuracy_sd == pytest.approx(0.1414, abs=1e-4)
    assert rows[1].accuracy_sd == 0.0


def test_the_outlook_follows_the_curve() -> None:
    """Where the error halves with each doubling of labels, half of it takes as many again."""
    rows = curve(point(0, labels, 1 - 20 / labels) for labels in (50, 100, 200))

    assert outlook(rows, target=0.95, tests=100, most=1000).labels == pytest.approx(200, abs=15)
    assert outlook(rows, target=0.9, tests=100, most=1000).labels == 0
    assert outlook(rows[:2], target=0.95, tests=100, most=1000).labels is None


def test_a_picture_is_sound_and_shows_every_curve() -> None:
    """Names are escaped; one panel a data set, the same colour in each."""
    rows: list[CurvePoint] = curve([point(0, 50, 0.5), point(0, 100, 0.7), point(0, 50, 0.4, "<other>")])
    drawn = picture({"数据 & <b>": rows, "two": rows})
    root = ElementTree.fromstring(drawn)
    words = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]

    assert "数据 & <b>: accuracy by labels" in words
    assert {"random, linear", "random, <other>"} <= set(words)
    assert len(list(root.iter("{http://www.w3.org/2000/svg}polyline"))) == 4


def specs(kind: FieldKind, labels: int, classes: int, cores: int = 2, gpu: bool = False) -> list[str]:
    found = background_learners(kind, labels=labels, classes=classes, cores=cores, gpu=gpu)
    assert all(one.seconds >= 60 for one in found)
    return [one.spec for one in found]


def test_slow_learners_are_worth_it_by_labels_classes_and_machine() -> None:
    """Tuning from eight labels a class and up to twenty classes; fine-tuning from fifty, with a GPU or many cores."""
    assert specs(FieldKind.CHOICE, 47, 6) == []
    assert specs(FieldKind.CHOICE, 48, 6) == ["contrastive"]
    assert specs(FieldKind.CHOICE, 800, 77) == []
    assert specs(FieldKind.CHOICE, 300, 6) == ["contrastive"]
    assert specs(FieldKind.CHOICE, 300, 6, gpu=True) == ["contrastive", "finetune"]
    assert specs(FieldKind.CHOICE, 300, 6, cores=16) == ["contrastive", "finetune"]
    assert specs(FieldKind.CHOICE, 30, 1) == []
    assert specs(FieldKind.SPANS, 300, 6) == specs(FieldKind.PAIRWISE, 300, 2, gpu=True) == []
    assert specs(FieldKind.SPANS, 300, 6, gpu=True) == ["token-finetune"]
    assert specs(FieldKind.RANKING, 300, 3, gpu=True) == specs(FieldKind.OPTIONS, 300, 3, gpu=True) == []


@pytest.mark.parametrize("kind", FieldKind)
def test_an_llm_that_is_set_up_is_worth_asking_from_the_first_label_on(kind: FieldKind) -> None:
    """Whatever the kind of field; it is asked before a network is tuned."""
    found = background_learners(kind, labels=0, classes=3, cores=2, gpu=False, llm=True)
    assert [one.spec for one in found] == ["prompt"]
    more = background_learners(kind, labels=300, classes=3, cores=2, gpu=True, llm=True)
    assert more[0].spec == "prompt"


@pytest.mark.parametrize("kind", FieldKind)
def test_every_kind_has_a_quick_learner(kind: FieldKind) -> None:
    """Nobody waits for a first model."""
    assert default_learners(kind)
