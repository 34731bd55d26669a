"""One small problem per kind of field, on which any learner that claims the kind can show what it does."""

from collections.abc import Callable
from dataclasses import dataclass

from labelloop.domain.scale import Precision, Scale
from labelloop.domain.schema import Field
from labelloop.domain.tasks import INPUT_BREAK, OPTION_BREAK
from labelloop.domain.values import (
    OF_THE_TASK,
    Choice,
    Choices,
    FieldKind,
    Moment,
    Ranking,
    Rating,
    Span,
    Spans,
    Text,
    Value,
)
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
ASIDES = ("so, {}", "{} (again)", "as I said: {}", "{} 🙂")
LIVES = ("{} lives in {} now 🎉", "{}住在{}。", "Yesterday {} left {}!", "{} loves {}")


@dataclass(frozen=True)
class Problem:
    """A field, examples of it, and texts that were not among them with the answers expected.

    `unlabelled` are more texts that nobody has labelled, with what is right, so many that learners make use of them.
    """

    field: Field
    examples: list[Example]
    questions: dict[str, Value]
    unlabelled: dict[str, Value]

    @property
    def first(self) -> Value:
        return self.examples[0].value


def problem(kind: FieldKind) -> Problem:
    """Return the problem of a kind."""
    if kind in OF_THE_TASK:
        return _items(kind)
    if kind is FieldKind.SPANS:
        return _names()
    if kind is FieldKind.PAIRWISE:
        return _preferences()
    say = _SAYS[kind]
    told = [(text, say(topic)) for topic, texts in TOPICS.items() for text in texts]
    return Problem(
        Field("topic", kind, _ALLOWED.get(kind, LABELS), "text", ("text",), scale=_SCALES.get(kind)),
        [Example(n, text, value) for n, (text, value) in enumerate(told)],
        {text: say(topic) for text, topic in QUESTIONS.items()},
        {aside.format(text): value for text, value in told for aside in ASIDES},
    )


def _path(topic: str) -> str:
    return f"life > {topic}"


_ALLOWED = {
    FieldKind.RATING: ("1", "2", "3", "4", "5"),
    FieldKind.TAXONOMY: tuple(map(_path, LABELS)),
    FieldKind.TEXT: (),
    FieldKind.NUMBER: (),
    FieldKind.DATETIME: (),
}
_SCALES = {
    FieldKind.NUMBER: Scale(0, 40, 10),
    FieldKind.DATETIME: Scale(15_778_080, precision=Precision.YEAR, form="%Y-%m-%d"),
}
_SAYS: dict[FieldKind, Callable[[str], Value]] = {
    FieldKind.CHOICE: Choice,
    FieldKind.CHOICES: lambda topic: Choices(frozenset({topic})),
    FieldKind.TAXONOMY: lambda topic: Choices(frozenset({_path(topic)})),
    FieldKind.RATING: lambda topic: Rating(STARS[topic], 5),
    FieldKind.NUMBER: lambda topic: _SCALES[FieldKind.NUMBER].number(10.0 * STARS[topic] - 10),
    FieldKind.DATETIME: lambda topic: Moment(f"{2015 + STARS[topic]}-01-01"),
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
        dict([_lives(life, person, place) for life in LIVES[:3] for person in PEOPLE for place in PLACES]),
    )


def _lives(pattern: str, person: str, place: str) -> tuple[str, Spans]:
    text = pattern.format(person, place)
    found = [
        Span(text.index(name), text.index(name) + len(name), label)
        for name, label in ((person, "Person"), (place, "Place"))
    ]
    return text, Spans(frozenset(found))


def _items(kind: FieldKind) -> Problem:
    """Each text comes with three items, of which one is about the same topic; rain is always the last."""
    about = {
        "card": "a lost or stolen bank card 💳",
        "food": "food that tastes good, 好吃",
        "weather": "rain and wind, 下雨",
    }
    orders = (("card", "food", "weather"), ("weather", "card", "food"), ("food", "weather", "card"))

    def asked(text: str, order: tuple[str, ...]) -> str:
        return INPUT_BREAK.join((text, OPTION_BREAK.join(f"{name}\n{about[name]}" for name in order)))

    def say(topic: str) -> Value:
        others = [name for name in about if name != topic]
        if kind is FieldKind.RANKING:
            return Ranking((("best", (topic, *others)),))
        return Choice(topic) if kind is FieldKind.OPTION else Choices(frozenset({topic}))

    told = [
        (asked(text, orders[n % 3]), say(topic)) for topic, texts in TOPICS.items() for n, text in enumerate(texts * 3)
    ]
    labels = ("best",) if kind is FieldKind.RANKING else ()
    return Problem(
        Field("which", kind, labels, "text", ("text", "items"), "text list"),
        [Example(n, text, value) for n, (text, value) in enumerate(told)],
        {asked(text, orders[0]): say(topic) for text, topic in QUESTIONS.items()},
        {
            asked(aside.format(text), orders[1]): say(topic)
            for topic in TOPICS
            for text in TOPICS[topic]
            for aside in ASIDES
        },
    )


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
        {
            INPUT_BREAK.join(aside.format(one) for one in pair): Choice(side)
            for pair, side in told
            for aside in ASIDES[:2]
        },
    )
