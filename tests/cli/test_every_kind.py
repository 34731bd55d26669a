"""What the commands say of fields whose answers are no labels of a whole text."""

from pathlib import Path

from labelloop.domain.values import FieldKind, Span, Spans
from labelloop.rules import Rules
from labelloop.steps.close_round import close_round
from tests.cli.conftest import Run
from tests.core.every_kind import Known
from tests.core.made_up import turn
from tests.core.released import ROWS, record_release, with_values

RULES = Rules(round_size=10, monitor_size=30)


def after_a_round(folder: Path, kind: FieldKind) -> Known:
    """Return a project of the kind in the command line's own folder, one round on."""
    made = Known(folder, kind, 120, RULES)
    made.judge_audit()
    made.judge(made.untouched(40))
    close_round(*made.view.now())
    turn(made.view)
    return made


def test_spans_have_their_f1_their_disputes_and_their_format(run: Run, data_dir: Path, tmp_path: Path) -> None:
    """The verdict tells how well spans are found; CoNLL is written, and what it cannot hold is counted."""
    world = after_a_round(data_dir, FieldKind.SPANS)
    told = run("verdict", "7")
    assert (told.status, told.err) == (0, "")
    assert "F1 of the model's spans: strict " in told.out
    assert "People disagree most on " in told.out
    assert "alpha" not in told.out

    person, inner = Span(0, 4, "Person"), Span(1, 3, "Place")
    record_release(world.view, with_values(Spans(frozenset({person, inner})), Spans(frozenset())))
    world.book.ledger.engine.dispose()
    done = run("export", "7", str(tmp_path / "out"), "--format", "conll,hf")
    assert (done.status, "data.conll" in done.out) == (0, True)
    assert "lacks 1 span:" in done.err
    assert (tmp_path / "out" / "data.conll").read_text("utf-8").startswith("今 B-Person\n天 I-Person\n")
    card = (tmp_path / "out" / "README.md").read_text("utf-8")
    assert "lacks 1 span of" in card


def test_free_texts_have_no_label_pairs_to_dispute(run: Run, data_dir: Path, tmp_path: Path) -> None:
    """Their verdict names tasks; CoNLL of them is refused, with the way out, and no folder is made."""
    world = after_a_round(data_dir, FieldKind.TEXT)
    told = run("verdict", "7").out
    assert "Most disputed tasks" in told
    assert "People disagree most on" not in told
    record_release(world.view, ROWS)
    world.book.ledger.engine.dispose()
    refused = run("export", "7", str(tmp_path / "out"), "--format", "csv,conll")
    assert refused.status == 2
    assert "leave the format conll out" in refused.err
    assert not (tmp_path / "out").exists()
