"""What holds for every page: links lead somewhere, and nothing points outside the project."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.docs.pages import PAGES, ROOT, anchors, links, name, read, without_fences

OUTSIDE = re.compile(r"/(?:work|root|home|Users)/|~/|[A-Z]:\\")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_relative_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    """A reader never meets a dead link within the project."""
    for link in links(page.read_text("utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page

        assert target.is_relative_to(ROOT), f"{link} leads out of the project"
        assert target.exists(), f"{link} leads nowhere"
        assert not anchor or anchor in anchors(target.read_text("utf-8")), f"{link} names no heading of {target.name}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_page_names_a_path_outside_the_project(page: Path) -> None:
    """What stands on one developer's machine means nothing to a reader."""
    assert OUTSIDE.findall(page.read_text("utf-8")) == []


@pytest.mark.parametrize("page", [*ROOT.glob("README*.md"), *ROOT.glob("docs/**/*.md")], ids=name)
def test_prose_is_wrapped(page: Path) -> None:
    """A change to a sentence shows as a change to its line; tables, pictures and code may be wider."""
    lines = without_fences(page.read_text("utf-8")).splitlines()

    assert [line for line in lines if len(line) >= 120 and not line.startswith(("|", "!["))] == []


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
@pytest.mark.parametrize("command", ["make demo", "make up", "make test", "make check", "docker compose up -d --build"])
def test_both_readmes_carry_the_commands_on_lines_of_their_own(page: str, command: str) -> None:
    """They can be copied as they stand."""
    assert re.search(rf"^{command}(?:\s+#.*)?$|`{command}`", read(page), re.M)


@pytest.mark.parametrize("command", ["make demo", "make test", "make check"])
@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_what_starts_and_what_checks_can_be_copied_from_a_code_block(page: str, command: str) -> None:
    """The two command lines of a newcomer are blocks, not words in a sentence."""
    assert re.search(rf"^```sh\n(?:[^`]*\n)?{command}\b[^`]*^```$", read(page), re.M)


def test_every_target_of_the_makefile_that_a_page_names_exists() -> None:
    """A command that was renamed is renamed in the documentation too."""
    targets = set(re.findall(r"^(\w+):.*## ", read("Makefile"), re.M))
    named = {word for page in PAGES for word in re.findall(r"(?:`|^)make (\w+)", page.read_text("utf-8"), re.M)}

    assert named <= targets


def test_the_two_readmes_show_the_same_commands_and_output() -> None:
    """The Chinese page is a translation, not an older one: without comments, its code is the English page's."""
    english, chinese = (_code_without_comments(read(page)) for page in ("README.md", "README.zh-CN.md"))

    assert chinese == english


def test_the_changelog_has_a_place_for_what_is_not_released_yet() -> None:
    """A change is written down when it is made."""
    assert re.search(r"^## \[Unreleased\]$", read("CHANGELOG.md"), re.M)


def test_every_page_is_reached_from_the_index_or_the_readme() -> None:
    """A page that nothing links to is not read."""
    starts = [ROOT / "README.md", ROOT / "docs/README.md"]
    reached = {(s.parent / link.split("#")[0]).resolve() for s in starts for link in links(s.read_text("utf-8"))}

    assert {name(page) for page in PAGES if page not in {*starts, *reached}} == set()


def test_every_benchmark_is_explained() -> None:
    """Figures are of use only to those who know what was measured."""
    modules = {f"benchmarks.{path.stem}" for path in (ROOT / "benchmarks").glob("[!_]*.py")}

    assert {module for module in modules if f"`{module}`" not in read("benchmarks/README.md")} == set()


def test_pictures_are_small_and_shown() -> None:
    """Whoever clones the repository loads every one of them; `make screenshots DOCS=1` takes them anew."""
    pictures = sorted((ROOT / "docs/pictures").iterdir())
    shown = {(page.parent / link).resolve() for page in PAGES for link in links(page.read_text("utf-8"))}

    assert [one.name for one in pictures if one.suffix != ".png" or one.stat().st_size > 120_000] == []
    assert [one.name for one in pictures if one not in shown] == []


def _code_without_comments(text: str) -> list[str]:
    blocks = re.findall(r"^```\w+\n(.*?)^```$", text, re.M | re.S)
    return [re.sub(r" +#.*$", "", block, flags=re.M) for block in blocks]
