"""How an object tag shows a task's data, as the one word in `Field.reads` that a field remembers of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode

from labelloop.domain.schema import PLAIN_TEXT

HYPERTEXT = "hypertext"
PARAGRAPHS = "paragraphs"
TABLE = "table"
LIST = "list"
CHAT = "chat"
MARKDOWN = "markdown"
OPTIONS = "options"
"""How choices are read that a task brings along: no object tag, but shown as if they were one."""
UNSORTED = "_"
"""Under what name Label Studio stores a ranker's items that are in no bucket."""
TAGS = (PLAIN_TEXT, HYPERTEXT, PARAGRAPHS, TABLE, LIST, CHAT, MARKDOWN)

_LABELLED_BY = {PLAIN_TEXT: "labels", HYPERTEXT: "hypertextlabels", PARAGRAPHS: "paragraphlabels"}


@dataclass(frozen=True, slots=True)
class Reading:
    """An object tag's kind, and what else decides which text people see in it.

    `labelled_by` is the tag (in small letters) of the control that labels its parts, empty for the usual one of the
    kind. `text_key` and `name_key` are where paragraphs keep what is said and who says it. `inline` HyperText stands
    in Label Studio's own page, not in a frame. Paragraphs whose spans are saved without their text do not `saves_text`.
    `nested` choices stand below others, and are known by their paths.
    """

    tag: str = PLAIN_TEXT
    labelled_by: str = ""
    text_key: str = "text"
    name_key: str = "author"
    inline: bool = False
    saves_text: bool = True
    nested: bool = False

    @property
    def spans_type(self) -> str:
        """Return the type of the regions that label parts of the text, also the key of their labels."""
        return self.labelled_by or _LABELLED_BY.get(self.tag, "")

    def to_word(self) -> str:
        """Return the reading as one word, which is the bare tag where nothing is unusual."""
        usual = Reading(self.tag)
        settings = {
            "labels": self.labelled_by if self.spans_type != usual.spans_type else "",
            "text": self.text_key if self.text_key != usual.text_key else "",
            "name": self.name_key if self.name_key != usual.name_key else "",
            "inline": "yes" if self.inline else "",
            "saves": "" if self.saves_text else "no",
            "nested": "yes" if self.nested else "",
        }
        query = urlencode({key: value for key, value in settings.items() if value})
        return f"{self.tag}?{query}" if query else self.tag

    @classmethod
    @lru_cache(maxsize=256)  # it is asked for every task
    def from_word(cls, word: str) -> "Reading":
        """Return the reading that `to_word` wrote."""
        tag, _, query = word.partition("?")
        settings = dict(parse_qsl(query))
        usual = cls(tag)
        return cls(
            tag=tag,
            labelled_by=settings.get("labels", ""),
            text_key=settings.get("text", usual.text_key),
            name_key=settings.get("name", usual.name_key),
            inline="inline" in settings,
            saves_text="saves" not in settings,
            nested="nested" in settings,
        )


def to_words(readings: Sequence[Reading]) -> str:
    """Return `Field.reads` for a field's inputs: one word where all are read alike, else one for each."""
    words = [reading.to_word() for reading in readings]
    return words[0] if len(set(words)) == 1 else " ".join(words)


def from_words(words: str, inputs: int) -> list[Reading]:
    """Return how each of a field's inputs is read."""
    readings = [Reading.from_word(word) for word in words.split(" ")]
    return readings * inputs if len(readings) == 1 else readings
