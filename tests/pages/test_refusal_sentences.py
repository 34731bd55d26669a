"""Chinese readers are told in Chinese why something cannot be done, and what to do next."""

import pytest
from flask.testing import FlaskClient

from labelloop.errors import NotConnected
from ml_backend.pages.page_texts import Texts
from ml_backend.pages.refusal_sentences import refused
from sync.api.api_errors import HOW_TO_RENEW
from tests.pages.world import World


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
