"""What annotators are told in the labelling tool: how a looped project is labelled, and what the guideline says."""

import hashlib
import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from labelloop.domain.guideline_text import GuidelineText
from labelloop.domain.languages import CHINESE as CHINESE_TEXTS
from labelloop.domain.languages import languages
from labelloop.domain.schema import Field
from labelloop.domain.values import FieldKind

ENGLISH, CHINESE = "en", "zh"
LONGEST_RULES = 10_000
"""How many characters of a guideline are shown."""

_TAGS = re.compile(r"<[^>]*>")
_MARK = re.compile(r'title="LabelLoop ([0-9a-f]{12})"')
_NONE_IS_AN_ANSWER = (FieldKind.CHOICES, FieldKind.TAXONOMY, FieldKind.SPANS, FieldKind.OPTIONS)


@dataclass(frozen=True, slots=True)
class Wording:
    """The sentences in one language."""

    heading: str
    shown: str
    blank: str
    skip: str
    empty_is_none: str
    empty_is_nothing: str
    several: str
    place: str
    guideline: str
    kept: str
    description: str


_WORDINGS = {
    ENGLISH: Wording(
        "How to label here",
        "Some tasks show the model's suggestion. Check it as you would check a colleague's: submit it if it is right, "
        "correct it if it is not.",
        "Other tasks come blank. That is no fault: with some of them the model is measured, so nobody may be led by "
        "it; for others it has no suggestion. Answer them by yourself.",
        "Skip a task only if it cannot be answered: it is unreadable, in a language that you do not know, or does not "
        "belong here. If you are in doubt, choose what fits best.",
        "If nothing applies, submit without an answer: that means “none”.",
        "Do not submit without an answer: it would count for nothing.",
        "Answer every question that you are shown; leave one open only where nothing applies.",
        "The percentage beside a prediction is its place in the queue (0.03% is the third), not how sure the model is.",
        "What the guideline says",
        "LabelLoop wrote this and keeps it up to date, until somebody edits it.",
        "Looped by LabelLoop. A prediction's score is its place in the queue (0.0003 is the third), not the model's "
        "confidence.",
    ),
    CHINESE: Wording(
        "怎样标注",
        "有些任务会显示模型的建议。请像检查同事的答案那样检查它：正确就提交，不正确就修改后再提交。",
        "另一些任务是空白的，这不是故障：其中一部分用来衡量模型，不能受它影响；另一部分模型没有建议。请独立作答。",
        "只有无法作答时才跳过：看不清、语言不懂，或不属于本项目。拿不准时，选最合适的答案。",
        "如果没有一项适用，不选直接提交，表示“无”。",
        "不要不作答就提交，那样不算数。",
        "请回答显示的每个问题；没有适用的选项时才留空。",
        "预测旁边的百分数是它在队列中的位置（0.03% 即第三条），不是模型的把握。",
        "标注指南",
        "以上内容由 LabelLoop 写入并保持更新；一旦有人修改，就不再更新。",
        "由 LabelLoop 循环标注。预测的分数是它在队列中的位置（0.0003 即第三条），不是模型的置信度。",
    ),
}


def language_of(texts: Iterable[str]) -> str:
    """Return the language in which annotators of these texts are told: Chinese where most are Chinese, else English.

    >>> [language_of(texts) for texts in (["今天天气很好", "快递太慢了", "ok"], ["It rains.", "雨"], ["これは本です"])]
    ['zh', 'en', 'en']
    """
    found = languages(text for text in texts if text.strip())
    chinese = dict(found.counts).get(CHINESE_TEXTS, 0)
    return CHINESE if 2 * chinese > found.texts else ENGLISH


def instructions(fields: Sequence[Field], language: str, guidelines: Mapping[str, GuidelineText] | None = None) -> str:
    """Return the instructions as HTML, marked as ours; `guidelines` are by field, those that there are.

    Of a field without one they say what follows from the field alone.
    """
    words = _WORDINGS[language]
    none = fields[0].kind in _NONE_IS_AN_ANSWER
    empty = words.several if len(fields) > 1 else words.empty_is_none if none else words.empty_is_nothing
    points = (words.shown, words.blank, words.skip, empty, words.place)
    sections = [[_bold(words.heading), *map(_point, map(_escaped, points))]]
    for name, guideline in (guidelines or {}).items():
        of = f": {name}" if len(fields) > 1 else ""
        sections.append([_bold(f"{words.guideline}{of}"), *_rules(guideline)])
    sections.append([f"<p><i>{_escaped(words.kept)}</i></p>"])
    # Label Studio's screen shows neither bullets nor space between paragraphs.
    body = "\n<br>\n".join("\n".join(section) for section in sections)
    return f'<div title="LabelLoop {_digest(body)}" lang="{language}">\n{body}\n</div>'


def description(language: str) -> str:
    """Return what a project's description says about scores."""
    return _WORDINGS[language].description


def is_ours(text: str) -> bool:
    """Return whether instructions are ours, and nobody has changed a word of them."""
    mark = _MARK.search(text)
    return mark is not None and mark[1] == _digest(text)


def same_words(one: str, other: str) -> bool:
    """Return whether two instructions say the same, whatever their markup."""
    return _digest(one) == _digest(other)


def language_of_ours(text: str) -> str:
    """Return the language that our instructions are written in."""
    return CHINESE if f'lang="{CHINESE}"' in text else ENGLISH


def _rules(guideline: GuidelineText) -> list[str]:
    kept = [f"<p>{_lines(guideline.task[:LONGEST_RULES])}</p>"]
    for rule in guideline.rules:
        if sum(map(len, kept)) > LONGEST_RULES:
            return [*kept, _point("…")]
        if rule.text:
            kept.append(_point(f"<b>{_escaped(rule.label)}</b>: {_lines(rule.text)}"))
    return kept


def _lines(text: str) -> str:
    return _escaped(text.strip()).replace("\n", "<br>")


def _bold(text: str) -> str:
    return f"<p><b>{_escaped(text)}</b></p>"


def _point(text: str) -> str:
    return f"<p>• {text}</p>"


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)


def _digest(text: str) -> str:
    # Label Studio cleans HTML when it saves it, so only the words count.
    words = " ".join(html.unescape(_TAGS.sub(" ", text)).split())
    return hashlib.blake2b(words.encode("utf-8", "replace"), digest_size=6).hexdigest()
