"""What stands on the pages, in the languages that they are offered in, and how these write figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ml_backend.pages.action_texts import ACTIONS
from ml_backend.pages.certify_texts import CERTIFY
from ml_backend.pages.compare_texts import COMPARE
from ml_backend.pages.connect_texts import CONNECT
from ml_backend.pages.dispute_texts import DISPUTES
from ml_backend.pages.download_texts import DOWNLOADS
from ml_backend.pages.ending_texts import ENDING
from ml_backend.pages.people_texts import PEOPLE
from ml_backend.pages.report_texts import REPORT
from ml_backend.pages.rules_texts import RULES
from ml_backend.pages.system_texts import SYSTEM
from ml_backend.pages.texts_en import ENGLISH
from ml_backend.pages.texts_zh import CHINESE

LANGUAGES = {"en": "English", "zh": "中文"}
"""The languages by their code, each by its own name."""
NOTHING = "–"
_PARTS = (ACTIONS, CERTIFY, COMPARE, CONNECT, DISPUTES, DOWNLOADS, ENDING, PEOPLE, REPORT, RULES, SYSTEM)
_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": ENGLISH | {name: text for part in _PARTS for name, text in part["en"].items()},
    "zh": CHINESE | {name: text for part in _PARTS for name, text in part["zh"].items()},
}


@dataclass(frozen=True, slots=True)
class Texts:
    """One language: called with the name of a text, it returns that; figures are written as people read them."""

    language: str

    def __call__(self, name: str, **values: object) -> str:
        """Return a text with its values put in; one with a `|` has a singular before it, which `n` = 1 takes.

        >>> Texts("en")("n_labels", n=1), Texts("en")("n_labels", n=2000)
        ('1 label', '2,000 labels')
        """
        one, _, many = _WORDS[self.language][name].partition("|")
        text, n = many if many and values.get("n") != 1 else one, values.get("n")
        return text.format(**values | ({"n": f"{n:,}"} if isinstance(n, int) else {}))

    def share(self, value: float | None) -> str:
        """Return a share in per cent."""
        return NOTHING if value is None else self._percent(f"{100 * value:.0f}")

    def interval(self, low: float | None, high: float | None) -> str:
        """Return the two ends of an interval in per cent, empty where there is none.

        >>> Texts("en").interval(0.76, 0.861), Texts("zh").interval(0.76, 0.861)
        ('76–86 %', '76–86%')
        """
        return "" if low is None or high is None else self._percent(f"{100 * low:.0f}–{100 * high:.0f}")

    def points(self, difference: float) -> str:
        """Return a difference of shares in points, without its sign."""
        return f"{abs(100 * difference):.1f}"

    def work(self, hours: float) -> str:
        """Return how long people work, in minutes below an hour.

        >>> Texts("en").work(0.04), Texts("en").work(1.44), Texts("zh").work(0.5)
        ('2 minutes', '1.4 hours', '30 分钟')
        """
        minutes = max(1, round(60 * hours))
        return self("n_minutes", n=minutes) if minutes < 60 else self("n_hours", hours=f"{hours:.1f}")

    def moment(self, moment: datetime) -> str:
        """Return when something was, to the minute."""
        return f"{moment:%Y-%m-%d %H:%M} UTC"

    def _percent(self, number: str) -> str:
        return f"{number}%" if self.language == "zh" else f"{number} %"


def texts(language: str) -> Texts:
    """Return the texts of a language."""
    return Texts(language)
