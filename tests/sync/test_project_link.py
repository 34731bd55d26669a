"""The line in a project's description that names its page."""

import pytest

from sync.api.client import LabelStudio
from sync.api.wire import WireProject
from sync.project_link import add_link, remove_link, with_link, without_link

PAGES = "http://127.0.0.1:9090"
LINE = f"LabelLoop: {PAGES}/projects/12"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", LINE),
        ("Messages 消息 🎉", f"Messages 消息 🎉\n\n{LINE}"),
        (f"Mine.\n\n{LINE}\n\nWritten after it.", f"Mine.\n\n{LINE}\n\nWritten after it."),
        ("Mine.\r\n\r\nLabelLoop: https://old.example/projects/12", f"Mine.\n\n{LINE}"),
        (f"A copy.\n\nLabelLoop: {PAGES}/projects/3", f"A copy.\n\n{LINE}"),
        (f"{LINE}\n\n{LINE}", LINE),
        ("See LabelLoop: http://x/projects/12", f"See LabelLoop: http://x/projects/12\n\n{LINE}"),
        ("LabelLoop: ask Ann", f"LabelLoop: ask Ann\n\n{LINE}"),
    ],
)
def test_the_line_is_there_once_and_the_rest_stays(before: str, after: str) -> None:
    """Whoever wrote before or after it; one of another address or of a copied project is replaced."""
    assert with_link(before, f"{PAGES}/projects/12") == after
    assert with_link(after, f"{PAGES}/projects/12") == after


@pytest.mark.parametrize("own", ["", "Mine.", "  Mine.\nTwo lines.\n", "See LabelLoop: http://x/projects/12"])
def test_without_it_a_description_is_as_it_was(own: str) -> None:
    """To the last character."""
    assert without_link(with_link(own, f"{PAGES}/projects/12")) == own
    assert without_link(own) == own


def test_label_studio_keeps_the_line_and_gives_the_description_back(client: LabelStudio, project: WireProject) -> None:
    """Written once, and taken off once."""
    client.update_project(project.id, description="Mine: a < b & 消息.\nTwo lines.")
    assert [add_link(client, project.id, PAGES) for _ in range(2)] == [True, False]
    written = f"Mine: a < b & 消息.\nTwo lines.\n\nLabelLoop: {PAGES}/projects/{project.id}"
    assert client.project(project.id).description == written
    assert [remove_link(client, project.id) for _ in range(2)] == [True, False]
    assert client.project(project.id).description == "Mine: a < b & 消息.\nTwo lines."
