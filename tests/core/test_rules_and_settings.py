"""What a lead and an operator may decide, and what they are told when it is wrong."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from labelloop.errors import UserError
from labelloop.rules import Rules
from labelloop.settings import Settings


def read(folder: Path, content: bytes | str) -> Rules:
    path = folder / "rules.toml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return Rules.read(path)


def test_rules_are_read_from_toml_and_survive_json(tmp_path: Path) -> None:
    """What the file leaves out keeps its default; the ledger's JSON gives the same Rules back."""
    rules = read(tmp_path, 'field = "情绪"\nround_size = 40\nlearners = ["linear", "other"]\n')
    assert (rules.fields, rules.round_size, rules.learners) == (("情绪",), 40, ("linear", "other"))
    assert rules.monitor_size == Rules().monitor_size
    assert Rules.model_validate_json(rules.model_dump_json()) == rules
    assert read(tmp_path, "") == Rules()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("round_size = 0", "round_size"),
        ("monitor_share = 1.5", "monitor_share"),
        ("monitor_people = 'two'", "monitor_people"),
        ("rond_size = 25", "rond_size"),
        ("round_size = ", "not valid TOML"),
        (b"field = '\xff'", "not valid TOML"),
    ],
)
def test_a_wrong_rules_file_is_explained(tmp_path: Path, content: bytes | str, says: str) -> None:
    """The message names the key and where to look it up."""
    with pytest.raises(UserError, match=says) as caught:
        read(tmp_path, content)
    assert "docs/settings.md" in str(caught.value)


def test_every_wrong_key_is_named(tmp_path: Path) -> None:
    """One reading shows all faults."""
    with pytest.raises(UserError, match=r"(?s)round_size.*seed.*unknown"):
        read(tmp_path, "round_size = 0\nseed = 'x'\nunknown = 1")


def test_a_change_of_rules_keeps_the_others(tmp_path: Path) -> None:
    """A file, or a command, changes only what it names."""
    rules = Rules(round_size=40, seed=3)
    assert rules.changed({"looks": "7"}, ["seed"]) == Rules(round_size=40, looks=7)


@pytest.mark.parametrize(
    "wrong",
    [
        *({"round_growth": "inf"}, {"round_growth": "1e308"}, {"fit_minutes": float("inf")}, {"margin": "nan"}),
        *({"seed": -1}, {"seed": 2**32}, {"looks": 10**400}, {"round_size": 10**10}, {"monitor_people": 10**6}),
    ],
)
def test_numbers_that_nothing_can_be_computed_with_are_refused(wrong: dict[str, object]) -> None:
    """Jobs would fail on them for good."""
    with pytest.raises(UserError, match=next(iter(wrong))):
        Rules().changed(wrong)


def test_a_missing_rules_file_is_explained(tmp_path: Path) -> None:
    """A file that is not there, or a folder, is the user's to mend."""
    with pytest.raises(UserError, match="No such file"):
        Rules.read(tmp_path / "nothing.toml")
    with pytest.raises(UserError, match="directory"):
        Rules.read(tmp_path)


@pytest.mark.parametrize(("settled", "needed"), [(0, 25), (100, 25), (250, 25), (260, 26), (10_000, 1000)])
def test_rounds_grow_with_the_labels(settled: int, needed: int) -> None:
    """25 new labels, or a tenth of what there is, whichever is more."""
    assert Rules().round_due_at(settled) == needed


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every setting has the prefix; nothing is read at import, and nothing can be changed afterwards."""
    monkeypatch.setenv("LABELLOOP_PORT", "9191")
    monkeypatch.setenv("LABELLOOP_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("LABELLOOP_LABEL_STUDIO_TOKEN", "hush")
    settings = Settings(_env_file=None)
    assert settings.port == 9191
    assert settings.label_studio_token.get_secret_value() == "hush"
    assert "hush" not in repr(settings)
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]


def test_a_folder_of_our_own_unless_told_otherwise(tmp_path: Path) -> None:
    """Ledger, artifacts and caches lie in the data folder; each may be elsewhere."""
    here = Settings(_env_file=None, data_dir=tmp_path)
    assert here.ledger_url == f"sqlite:///{tmp_path}/ledger.sqlite"
    assert here.artifact_root == f"{tmp_path}/artifacts"
    assert here.cache_dir == tmp_path / "cache"
    there = Settings(_env_file=None, database_url="postgresql://db/x", artifacts_url="s3://bucket/x")
    assert (there.ledger_url, there.artifact_root) == ("postgresql://db/x", "s3://bucket/x")


@pytest.mark.parametrize("wrong", [{"port": 0}, {"port": 70000}, {"threads": 0}, {"refresh_s": 0}, {"port": "x"}])
def test_settings_that_cannot_work_are_refused(wrong: dict[str, object]) -> None:
    """At start-up, not at the first use."""
    with pytest.raises(ValidationError):
        Settings(_env_file=None, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("secret", ["schlüssel", "密码-2026", "tab\there", "line\nbreak", "emoji🙂"])
@pytest.mark.parametrize("name", ["backend_password", "webhook_secret", "label_studio_token", "llm_api_key"])
def test_secrets_that_no_header_carries_are_refused(name: str, secret: str) -> None:
    """At start-up, by the setting's name, and without showing the secret."""
    with pytest.raises(ValidationError, match="ASCII letters, digits and punctuation") as told:
        Settings(_env_file=None, **{name: secret})  # type: ignore[arg-type]
    assert name in str(told.value)
    assert secret not in str(told.value)


def test_all_punctuation_of_ascii_are_fine_in_a_secret() -> None:
    """Colons, quotes, backslashes and percent characters are carried as they are."""
    characters = "".join(map(chr, range(0x21, 0x7F)))
    settings = Settings(_env_file=None, backend_password=characters, webhook_secret=characters)
    assert settings.backend_password.get_secret_value() == settings.webhook_secret.get_secret_value() == characters


@pytest.mark.parametrize("wrong", [{"backend_user": "a:b"}, {"backend_user": "jürgen"}, {"webhook_secret": " x"}])
def test_what_http_would_change_is_refused(wrong: dict[str, object]) -> None:
    """A colon ends a user name, and spaces around a header are dropped."""
    with pytest.raises(ValidationError):
        Settings(_env_file=None, **wrong)  # type: ignore[arg-type]
