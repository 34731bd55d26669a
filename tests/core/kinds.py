"""One small problem per kind of field, on which any learner that claims the kind can show what it does."""

from collections.abc import Callable
from dataclasses import dataclass

from labelloop.domain.schema import Field
from labelloop.domain.tasks import INPUT_BREAK
from labelloop.domain.values import Choice, Choices, FieldKind, Rating, Span, Spans, Text, Value
from labelloop.learners.base import Example

CARD = [
    "my card is lost",
    "the bank card was stolen",
    "我的银行卡丢了",
    "card not working",
    "block my card 💳",
    "卡被吞了",
]
RAIN = ["it will rain tomorrow", "sunny and warm", "明天会下雨", "a storm is coming 🌧️", "cold wind today", "今天很热"]
FOOD = ["the soup was great", "best pizza in town", "这家面很好吃", "too much salt", "خبز طازج", "lovely cake"]
TOPICS = {"card": CARD, "weather": RAIN, "food": FOOD}
LABELS = ("weather", "card", "food", "sport")
QUESTIONS = {
    "someone took my bank card": "card",
    "will it snow tonight?": "weather",
    "this bread tastes wonderful": "food",
}
STARS = {"card": 1, "weather": 3, "food": 5}
PEOPLE = ("Anna", "Omar", "Wei", "王芳", "Zoë")
PLACES = ("Berlin", "Kyoto", "Lagos", "北京", "Łódź")
LIVES = ("{} lives in {} now 🎉", "{}住在{}。", "Yesterday {} left {}!", "{} loves {}")


@dataclass(frozen=True)
class Problem:
    """A field, examples of it, and texts that were not among them with the answers expected."""

    field: Field
    examples: list[Example]
    questions: dict[str, Value]

    @property
    def first(self) -> Value:
        return self.examples[0].value


def problem(kind: FieldKind) -> Problem:
    """Return the problem of a kind."""
    if kind is FieldKind.SPANS:
        return _names()
    if kind is FieldKind.PAIRWISE:
        return _preferences()
    say = _SAYS[kind]
    told = [(text, say(topic)) for topic, texts in TOPICS.items() for text in texts]
    return Problem(
        Field("topic", kind, _ALLOWED.get(kind, LABELS), "text", ("text",)),
        [Example(n, text, value) for n, (text, value) in enumerate(told)],
        {text: say(topic) for text, topic in QUESTIONS.items()},
    )


def _path(topic: str) -> str:
    return f"life > {topic}"


_ALLOWED = {
    FieldKind.RATING: ("1", "2", "3", "4", "5"),
    FieldKind.TAXONOMY: tuple(map(_path, LABELS)),
    FieldKind.TEXT: (),
}
_SAYS: dict[FieldKind, Callable[[str], Value]] = {
    FieldKind.CHOICE: Choice,
    FieldKind.CHOICES: lambda topic: Choices(frozenset({topic})),
    FieldKind.TAXONOMY: lambda topic: Choices(frozenset({_path(topic)})),
    FieldKind.RATING: lambda topic: Rating(STARS[topic], 5),
    FieldKind.TEXT: lambda topic: Text(f"This is about {topic}, thank you."),
}


def _names() -> Problem:
    told = [_lives(LIVES[n % 4], PEOPLE[n % 5], PLACES[(n // 2) % 5]) for n in range(20)]
    asked = [
        _lives(LIVES[0], "Omar", "Lagos"),
        _lives(LIVES[2], "王芳", "Kyoto"),
        ("Nobody is here.", Spans(frozenset())),
    ]
    return Problem(
        Field("names", FieldKind.SPANS, ("Person", "Place"), "text", ("text",)),
        [Example(n, text, value) for n, (text, value) in enumerate(told)],
        dict(asked),
    )


def _lives(pattern: str, person: str, place: str) -> tuple[str, Spans]:
    text = pattern.format(person, place)
    found = [
        Span(text.index(name), text.index(name) + len(name), label)
        for name, label in ((person, "Person"), (place, "Place"))
    ]
    return text, Spans(frozenset(found))


def _preferences() -> Problem:
    """People like food better than rain, whichever side it is on."""
    pairs = [(food, rain) for food in FOOD for rain in RAIN]
    told = [(pair, "left") if n % 2 else (pair[::-1], "right") for n, pair in enumerate(pairs)]
    asked = [
        (("this bread tastes wonderful", "will it snow tonight?"), "left"),
        (("heavy snow", "fresh cake"), "right"),
    ]
    return Problem(
        Field("better", FieldKind.PAIRWISE, ("left", "right"), "one", ("one", "other")),
        [Example(n, INPUT_BREAK.join(pair), Choice(side)) for n, (pair, side) in enumerate(told)],
        {INPUT_BREAK.join(pair): Choice(side) for pair, side in asked},
    )
