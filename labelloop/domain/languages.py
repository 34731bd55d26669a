"""In which languages texts are, as far as their scripts and their commonest words tell."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

ENGLISH, CHINESE, JAPANESE, UNKNOWN = "English", "Chinese", "Japanese", "unknown"
OTHER_LATIN = "a language in Latin script"

_READ = 1000
"""How many characters of a text are looked at."""
_SCRIPTS = {
    "CJK": CHINESE,
    "HIRAGANA": JAPANESE,
    "KATAKANA": JAPANESE,
    "HANGUL": "Korean",
    "CYRILLIC": "a language in Cyrillic script",
    "ARABIC": "a language in Arabic script",
    "HEBREW": "Hebrew",
    "GREEK": "Greek",
    "THAI": "Thai",
    "DEVANAGARI": "a language in Devanagari script",
    "LATIN": OTHER_LATIN,
}
"""What the letters of a script are a sign of, by the first word of their names in Unicode."""
_WORD_BY_WORD = frozenset({CHINESE, JAPANESE, "Thai"})
"""Where no spaces part words: a character counts as a word does elsewhere."""
_FUNCTION_WORDS = {
    ENGLISH: "the and of to is that for it with was you this are not have my i what how at be from but they your can "
    "will we he she his her has had do does why when which would could there their an by if or as",
    "German": "der die und das ist nicht ein eine ich zu mit den auf für sich dem im von wie es auch aber wir sie wird",
    "French": "le la les et des est une un du que pas pour dans je vous il elle ce qui au sur avec mon nous très",
    "Spanish": "el la los las de que y en un una por con no para es se lo mi muy pero como está al su más",
    "Italian": "il la di che e un una per non è con sono del della mi ma come gli più ho anche le nel si",
    "Portuguese": "o a os as de que e em um uma por com não para é se do da no na mais mas meu como foi",
    "Dutch": "de het een en van ik niet dat op te met voor zijn maar er ook aan je wat hij bij naar dit",
    "Swedish": "och att det som en på är av för med till den har inte jag ett om men vi du så kan",
    "Danish or Norwegian": "og at det som en på er af av for med til den har ikke jeg et om men vi du så kan",
    "Finnish": "ja on ei se että oli en mutta kun niin olen hän ovat myös mitä kuin tämä ole",
    "Polish": "i w na nie się z do to jest że co jak za po ale ja od tak czy przez dla",
    "Czech or Slovak": "a se na je že to v s z do ne jsem si ale jak by za pro o so som",
    "Romanian": "și de la în nu o un pe cu ce să este din mai am dar pentru care că se",
    "Hungarian": "a az és nem hogy is egy ez van meg csak de már ha volt mint el ki",
    "Turkish": "ve bir bu da de için çok ne ben ama ile var mi gibi daha o değil kadar",
    "Indonesian": "yang dan di ini itu dengan untuk tidak saya ke dari ada akan pada bisa juga sudah anda",
    "Vietnamese": "là và của có không tôi cho được một người này các với đã những trong bạn",
}
_NAMES = {name: frozenset(words.split()) for name, words in _FUNCTION_WORDS.items()}
_LATIN = _NAMES.keys() | {OTHER_LATIN}
_NO_WORDS = re.compile(r"https?://\S+|www\.\S+|\S+@\S+|[@#]\w+")
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Languages:
    """How many of `texts` texts are in which language, the commonest first; of some it is unknown."""

    texts: int
    counts: tuple[tuple[str, int], ...]

    @property
    def foreign(self) -> tuple[tuple[str, int], ...]:
        """Return the languages other than English, the commonest first."""
        return tuple((name, count) for name, count in self.counts if name not in (ENGLISH, UNKNOWN))

    @property
    def foreign_share(self) -> float:
        """Return the share of texts in other languages, in [0, 1].

        Texts of unknown language, which are in Latin letters, are like those in Latin letters of which it is known.
        """
        if not self.texts:
            return 0.0
        latin = sum(count for name, count in self.foreign if name in _LATIN)
        english, unknown = (dict(self.counts).get(name, 0) for name in (ENGLISH, UNKNOWN))
        guessed = unknown * latin / (latin + english) if latin + english else 0.0
        return (sum(count for _, count in self.foreign) + guessed) / self.texts

    def __str__(self) -> str:
        """Return it in words, such as `62 % Chinese, 38 % English`."""
        parts = [
            f"{round(100 * count / self.texts)} % {name}" for name, count in self.counts if 200 * count >= self.texts
        ]
        return ", ".join(parts) or "no text"


def languages(texts: Iterable[str]) -> Languages:
    """Return in which languages the texts are, by scripts and, of Latin letters, by the words that bind sentences.

    >>> str(languages(["Where is my card?", "我的卡在哪里", "Wo ist die Karte, und wann kommt sie?", "12:30"]))
    '25 % Chinese, 25 % English, 25 % German, 25 % unknown'
    """
    found = [_language(text) for text in texts]
    counts = Counter(found)
    return Languages(len(found), tuple(sorted(counts.items(), key=lambda each: (-each[1], each[0]))))


def _language(text: str) -> str:
    words = _WORD.findall(unicodedata.normalize("NFC", _NO_WORDS.sub(" ", text[:_READ])))
    scripts: Counter[str] = Counter()
    for word in words:
        letters = Counter(map(_sign, word))
        for sign, count in letters.items():
            scripts[sign] += count if sign in _WORD_BY_WORD else 1
    scripts.pop(UNKNOWN, None)
    if not scripts:
        return UNKNOWN
    if scripts[JAPANESE] and scripts[JAPANESE] + scripts[CHINESE] > scripts.total() / 2:
        return JAPANESE  # its words are written in both
    commonest, _ = max(scripts.items(), key=lambda each: (each[1], each[0] != OTHER_LATIN))
    if commonest != OTHER_LATIN:
        return commonest
    return _latin([word.casefold() for word in words if all(_sign(letter) == OTHER_LATIN for letter in word)])


def _latin(words: list[str]) -> str:
    hits = {name: sum(word in known for word in words) for name, known in _NAMES.items()}
    best, most = max(hits.items(), key=lambda each: each[1])
    marked = sum(not word.isascii() for word in words)  # English has hardly any such word
    if hits[ENGLISH] >= max(most, 1) and hits[ENGLISH] > marked:
        return ENGLISH
    if most > 1 or marked:  # one short word alone is no sign: many languages share it
        return best if most else OTHER_LATIN
    return UNKNOWN


@lru_cache(maxsize=4096)
def _sign(character: str) -> str:
    name = unicodedata.name(character, "").removeprefix("HALFWIDTH ").removeprefix("FULLWIDTH ")
    return _SCRIPTS.get(name.partition(" ")[0], UNKNOWN)
