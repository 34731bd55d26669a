"""Chinese readers are told in Chinese why something cannot be done, and what to do next."""

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from labelloop.errors import NotConnected
from ml_backend.pages.page_texts import Texts
from ml_backend.pages.refusal_sentences import refused
from sync.api.api_errors import HOW_TO_RENEW
from tests.pages.world import World

STEPS_OF_PAGES = (
    "labelloop.state.project_state",
    "labelloop.steps.adjudicate",
    "labelloop.steps.certify",
    "labelloop.steps.certify_fields",
    "labelloop.steps.compare_versions",
    "labelloop.steps.deployments",
    "labelloop.steps.guideline_rulings",
    "labelloop.steps.label_errors",
    "labelloop.steps.people_release",
    "labelloop.steps.phase_guard",
    "labelloop.steps.refit",
    "labelloop.steps.release",
    "workers.admin.ask_relabel",
    "workers.admin.serve_version",
    "workers.jobs.project_lock",
)
"""What the actions of pages call."""


def refusals(module: str) -> Iterator[str]:
    """Yield every sentence with which a module refuses; what it fills in is a 7."""
    tree = ast.parse(Path(import_module(module).__file__ or "").read_text("utf-8"))
    raised = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise)]
    for call in raised:
        if isinstance(call, ast.Call) and call.args and isinstance(call.args[0], ast.JoinedStr | ast.Constant):
            yield "".join(_words(call.args[0]))


def _words(node: ast.JoinedStr | ast.Constant) -> Iterator[str]:
    for part in node.values if isinstance(node, ast.JoinedStr) else [node]:
        quoted = isinstance(part, ast.FormattedValue) and part.conversion == ord("r")
        yield str(part.value) if isinstance(part, ast.Constant) else "'7'" if quoted else "7"


@pytest.mark.parametrize("module", STEPS_OF_PAGES)
def test_every_refusal_of_a_step_that_pages_take_has_its_chinese_sentence(module: str) -> None:
    """So that a new one is not forgotten."""
    found = list(refusals(module))
    assert found
    assert [one for one in found if refused(one, Texts("zh")) == one] == []


@pytest.mark.parametrize("path", ["", "/people", "/rules", "/certify", "/relabel", "/train", "/disconnect", "/log"])
def test_a_project_that_is_not_connected(client: FlaskClient, path: str) -> None:
    """With what to do, on every page; in English for everybody else."""
    answer = client.get(f"/projects/99{path}?lang=zh")
    assert (answer.status_code, "项目 99 未接入：请在“项目”页面接入它" in answer.text) == (404, True)
    assert "Project 99 is not connected" in client.get(f"/projects/99{path}?lang=en").text


def test_versions_that_cannot_be_compared(client: FlaskClient, world: World) -> None:
    """The same twice, one that there is not, and two of different fields."""
    world.connect(fields=("mood", "topic"), tasks=200)
    for number in (1, 2):
        world.round(12, number, (0.5, 0.6), fields=("mood", "topic"))
    for versions, said in (
        ("version=v1&version=v1", "请选择两个不同的版本。"),
        ("version=v1&version=<b>", "没有版本“&lt;b&gt;”；现有版本："),
        ("version=v1&version=v2", "v1 与 v2 属于不同字段（mood and topic）"),
    ):
        assert said in client.get(f"/projects/12/versions/compare?lang=zh&{versions}").text


@pytest.mark.parametrize(
    "sentence",
    [
        str(NotConnected(7)),
        f"There is no Label Studio token. {HOW_TO_RENEW}",
        (
            "Project 7 has no certificate: run `labelloop certify 7` first, or release people's labels alone: "
            "`labelloop release 7 --people-only`."
        ),
        "Project 7 has no model yet: label until the first round is closed.",
    ],
)
def test_what_commands_say_too(sentence: str) -> None:
    """As it was written for those who read English."""
    assert any("\u4e00" <= sign <= "\u9fff" for sign in refused(sentence, Texts("zh")))
    assert refused(sentence, Texts("en")) == sentence
