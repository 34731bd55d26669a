"""Pages and messages use the field's words; one that does not is told which word to use."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from tests.docs.pages import PAGES, ROOT, code_spans, name, prose, read
from workers.cli import command_line

HAN = "一-鿿"

OLD_WORDS = {
    r"\blikeness(es)?\b": "similarity",
    r"\bmend(s|ed|ing|able)?\b": "fix, or repair",
    r"\bsigns\b(?! up)|\bsign by sign\b": "characters",
    r"\bjudge?ments?\b": "annotation",
    r"\bjudg(e|es|ed|ing)\b": "label, or evaluate",
    r"\brecipes?\b": "learner spec, or algorithm",
    r"\bnear[- ]cop(y|ies)\b": "near-duplicate",
    r"\bstands? in\b(?! it\b)": "is in; of a value: is the fallback",
    r"\b(lies|lie) (in|under|beside)\b": "is in",
    "大模型": "大语言模型",
    "盲审": "盲标",
    "卫冕|现任模型": "冠军模型",
    "一致程度": "一致率",
    "标注人员|标注者": "标注员",
    "您": "你",
}
OLD_NAMES = {"raw_confidence": "margin", "because": "reason", "at_least": "min_similarity", "stands_in": "fallback"}

FOR_LLMS = ("labelloop/learners/prompt/prompt_text.py", "labelloop/learners/prompt/joint_prompt.py")
"""Its text is read by models, and the published figures were measured with it."""

HALF_WIDTH = re.compile(rf"(?<=[{HAN}）])[,:;!?(]|[,:;!?)](?=[{HAN}（])|\((?=[{HAN}])|(?<=[{HAN}])\)")


def advice(text: str) -> list[str]:
    """Return each old word of a text with the word that takes its place.

    >>> advice("600 signs, mended")
    ["'signs': say characters", "'mended': say fix, or repair"]
    """
    found = [(hit.start(), hit[0], word) for old, word in OLD_WORDS.items() for hit in re.finditer(old, text, re.I)]
    return [f"{old!r}: say {word}" for _, old, word in sorted(found)]


def half_width(text: str) -> list[str]:
    """Return the ASCII punctuation beside Han characters, each with what is around it.

    >>> half_width("训练集,测试集")
    ['练集,测试']
    """
    return [text[max(hit.start() - 2, 0) : hit.end() + 2] for hit in HALF_WIDTH.finditer(text)]


def current(page: Path) -> str:
    """Return a page's text; of the changelog what is not released yet, without what a thing was called before."""
    text = page.read_text("utf-8")
    if page.name != "CHANGELOG.md":
        return text
    return re.sub(r"\((?:was|were)\s[^)]*\)", "", text.split("\n## [Unreleased]\n")[1].split("\n## [")[0])


def messages() -> Iterator[tuple[str, str]]:
    """Yield every string of the product that may be read by people, docstrings and migrations left out."""
    for package in ("labelloop", "sync", "workers", "ml_backend"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                tree = ast.parse(path.read_text("utf-8"))
                docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
                for node in ast.walk(tree):
                    if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                        yield f"{name(path)}:{node.lineno}", node.value


def helps() -> Iterator[tuple[str, str]]:
    """Yield what `--help` says of every command and option."""

    def below(command: Any, path: str) -> Iterator[tuple[str, str]]:
        yield path, f"{command.help or ''} {command.epilog or ''}"
        for each in command.params:
            yield f"{path} {each.name}", getattr(each, "help", None) or ""
        if isinstance(command, TyperGroup):
            for word, inner in command.commands.items():
                yield from below(inner, f"{path} {word}")

    return below(get_command(command_line()), "labelloop")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_page_uses_the_words_of_the_field(page: Path) -> None:
    """Words of our own make a reader ask what is meant."""
    assert advice(prose(current(page))) == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_page_names_fields_and_columns_as_they_are_called_now(page: Path) -> None:
    """A name that was changed is not found by who looks for it."""
    assert [f"{old}: say {OLD_NAMES[old]}" for old in code_spans(current(page)) if old in OLD_NAMES] == []


def test_messages_use_the_words_of_the_field() -> None:
    """Errors, logs and tables speak as the pages do."""
    texts = [(place, text) for place, text in messages() if " " in text and not place.startswith(FOR_LLMS)]

    assert [f"{place} {hit}" for place, text in texts for hit in advice(text)] == []


def test_the_help_of_every_command_uses_the_words_of_the_field() -> None:
    """`--help` is the page that is read first."""
    assert [f"{place} {hit}" for place, text in helps() for hit in advice(text)] == []


@pytest.mark.parametrize("page", sorted((ROOT / "ml_backend").rglob("templates/*.html")), ids=name)
def test_a_page_of_the_ml_backend_uses_the_words_of_the_field(page: Path) -> None:
    """What is shown in the browser too."""
    text = re.sub(r"\{[{%].*?[%}]\}|<style.*?</style>|<[^>]*>", " ", page.read_text("utf-8"), flags=re.S)

    assert advice(text) == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_chinese_text_has_full_width_punctuation(page: Path) -> None:
    """，：；（） beside Han characters; ASCII marks stay in code and beside Latin words."""
    assert half_width(prose(page.read_text("utf-8"), fences=True)) == []


def test_chinese_messages_have_full_width_punctuation() -> None:
    """The pages of the ML backend too."""
    texts = [(place, text) for place, text in messages() if place.startswith("ml_backend/")]

    assert any(re.search(f"[{HAN}]", text) for _, text in texts)
    assert [f"{place} {hit}" for place, text in texts for hit in half_width(text)] == []


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/*.zh-CN.md")), ids=name)
def test_a_chinese_page_and_its_english_one_name_each_other(page: Path) -> None:
    """A reader finds the other language, and learns where a page is shorter."""
    english = page.name.replace(".zh-CN.md", ".md")

    assert f"]({english})" in page.read_text("utf-8")
    assert f"]({page.name})" in read(f"docs/{english}")
