"""One project for each kind of field: its labelling configuration, its tasks, and what is true of each of them."""

import itertools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from html import escape

from labelloop.domain.schema import Field
from labelloop.domain.values import Choice, Choices, Moment, Ranking, Rating, Span, Spans, Text, Value
from sync.codecs.region_codec import task_text
from sync.config.label_config import parse

Data = Mapping[str, object]

TEXT = '<Text name="text" value="$text"/>'
PEOPLE = ("Angela Merkel", "王小明", "سارة حسن", "José Núñez", "Ada 👩‍🚀 Lovelace", "O'Brien")
PLACES = ("Berlin", "北京", "القاهرة", "São Paulo", "Łódź", "🏝️ Capri")
THINGS = ("parcel", "hotel", "phone", "lesson", "coffee", "房间")
MARK = re.compile(r"\[([^|\]]+)\|([^\]]+)\]")


@dataclass(frozen=True)
class Case:
    """A kind of field: the project's configuration (its first field is looped) and its tasks with the truth."""

    name: str
    label_config: str
    tasks: tuple[tuple[Data, Value], ...]

    @property
    def field(self) -> Field:
        """Return the looped field."""
        return parse(self.label_config).fields[0]

    def truth(self, data: Data) -> Value:
        """Return what is true of the task with this data."""
        return next(value for known, value in self.tasks if known == data)


def marked(sentence: str) -> tuple[str, Spans]:
    """Return the sentence without its marks, such as `[Angela Merkel|Person]`, and the spans they stood for.

    >>> marked("[Ada|Person] smiles")
    ('Ada smiles', Spans(spans=frozenset({Span(start=0, end=3, label='Person')})))
    """
    text, spans, after = "", [], 0
    for mark in MARK.finditer(sentence):
        text += sentence[after : mark.start()]
        spans.append(Span(len(text), len(text) + len(mark[1]), mark[2]))
        text, after = text + mark[1], mark.end()
    return text + sentence[after:], Spans(frozenset(spans))


def _choices(*labels: str) -> str:
    return "".join(f'<Choice value="{label}"/>' for label in labels)


MOODS = {
    "glad": ("I love the {}", "what a wonderful {}", "the {} was great 🙂", "so happy about the {}", "{}太好了"),
    "angry": ("I hate the {}", "what an awful {}", "the {} was terrible", "so upset by the {}", "{}糟透了"),
}
SENTENCES = (
    "[{p}|Person] lives in [{q}|Place].",
    "Yesterday [{p}|Person] flew to [{q}|Place] 🛫 and stayed.",
    "昨天[{p}|Person]去了[{q}|Place]。",
    "In [{q}|Place] people know [{p}|Person] well",
    "Nobody was there. [{p}|Person] had left",
)


def _sentences() -> Iterable[str]:
    every = itertools.product(SENTENCES, PEOPLE, PLACES)
    yield from dict.fromkeys(sentence.format(p=person, q=place) for sentence, person, place in every)


def _multi() -> Iterable[tuple[Data, Value]]:
    about = {"price": "far too expensive", "staff": "the staff smiled", "food": "饭菜很香"}
    for start, thing, size in itertools.product(("About the {}", "Our {} today"), THINGS, range(4)):
        for topics in itertools.combinations(about, size):
            text = ", ".join([start.format(thing), *(about[topic] for topic in topics)])
            yield {"text": text}, Choices(frozenset(topics))


def _rating() -> Iterable[tuple[Data, Value]]:
    said = ("terrible, never again", "rather weak", "neither good nor bad", "quite good", "perfect, love it 😍")
    for thing, (stars, words) in itertools.product((*THINGS, "车"), enumerate(said, 1)):
        for before in ("The {}:", "Our {} was", "About this {} -"):
            yield {"text": f"{before.format(thing)} {words}"}, Rating(stars, of=5)


def _pairwise() -> Iterable[tuple[Data, Value]]:
    good, bad = "Certainly. The {} is ready, please take it.", "no {} lol go away"
    for thing, flip in itertools.product((*THINGS, "bus", "cake", "film", "车", "茶", "map"), (False, True)):
        for more in ("", " Today.", " 今天。"):
            one, two = good.format(thing) + more, bad.format(thing) + more
            yield {"one": two if flip else one, "two": one if flip else two}, Choice("right" if flip else "left")


def _taxonomy() -> Iterable[tuple[Data, Value]]:
    leaves = {
        "Animal > Cat": "it purrs",
        "Animal > Dog": "it barks",
        "Food > 面条": "吃面条",
        "Food > Bread": "we bake",
    }
    for thing, (path, words) in itertools.product((*THINGS, "车"), leaves.items()):
        for before in ("near the", "with a", "without the"):
            yield {"text": f"{words} {before} {thing}"}, Choices(frozenset({path}))


def _entailment() -> Iterable[tuple[Data, Value]]:
    for person, thing, yes in itertools.product(PEOPLE, THINGS, (True, False)):
        says = f"{person} bought the {thing}" if yes else f"{person} never saw any {thing}"
        yield {"premise": f"{person} paid for the {thing}.", "hypothesis": says}, Choice("yes" if yes else "no")


def _dialogues() -> Iterable[tuple[Data, Value]]:
    for mood, thing in itertools.product(MOODS, THINGS):
        for way in MOODS[mood]:
            said = [
                {"author": "Agent 🎧", "text": "你好, how are you?"},
                {"author": "Guest", "text": way.format(thing)},
            ]
            yield {"talk": said}, Choice(thing)


def _prices() -> Iterable[tuple[Data, Value]]:
    number = parse(PRICE).fields[0].line.number
    for thing, (price, words) in itertools.product((*THINGS, "车"), ((2.5, "cheap"), (50, "neither"), (97.5, "dear"))):
        for before in ("The {} is", "Our {}:", "{}"):
            yield {"text": f"{before.format(thing)} {words}"}, number(price)


def _days() -> Iterable[tuple[Data, Value]]:
    for thing, day in itertools.product((*THINGS, "车"), range(10, 29, 3)):
        yield {"text": f"The {thing} came on the {day}th of May 2024"}, Moment(f"2024-05-{day}")


def _offers() -> Iterable[tuple[Data, Value]]:
    """Yield questions that bring their own answers along, in another order each time."""
    for place, (thing, mood) in enumerate(itertools.product((*THINGS, "车"), MOODS)):
        for way in MOODS[mood]:
            offers = [
                {"value": "glad", "html": "<b>Glad</b> 🙂"},
                {"value": "upset", "alias": "angry"},
                {"value": "都不"},
            ]
            yield {"text": way.format(thing), "offers": offers[place % 3 :] + offers[: place % 3]}, Choice(mood)


def _nested_offers() -> Iterable[tuple[Data, Value]]:
    """Yield questions that bring answers along which stand below others."""
    for place, (thing, mood) in enumerate(itertools.product((*THINGS, "车"), MOODS)):
        for way in MOODS[mood]:
            felt = [{"value": "glad", "html": "<b>Glad</b> 🙂"}, {"value": "upset", "alias": "angry"}]
            tree = [
                {"value": "felt", "html": "<i>Mood</i>", "children": felt[:: 1 if place % 2 else -1]},
                {"value": "都不"},
            ]
            yield {"text": way.format(thing), "tree": tree}, Choices(frozenset({f"felt > {mood}"}))


def _orders() -> Iterable[tuple[Data, Value]]:
    said = {"best": "Certainly. The {} is ready.", "还行": "the {} is here i guess", "3": "no {} lol go away"}
    for place, (thing, order) in enumerate(itertools.product(THINGS, itertools.permutations(said))):
        items = [{"id": name, "title": f"No. {place}", "body": said[name].format(thing)} for name in order]
        yield {"prompt": f"Where is my {thing}?", "items": items}, Ranking((("rank", tuple(said)),))
        rude = f"Be as rude as you can about my {thing}"
        yield {"prompt": rude, "items": items}, Ranking((("rank", tuple(reversed(said))),))


def _written() -> Iterable[tuple[Data, Value]]:
    for thing, ways in itertools.product(THINGS, MOODS.values()):
        for way in ways:
            yield {"text": way.format(thing)}, Text(f"{thing}: 谢谢!\nمعذرة 🙏")


def _spans(config: str, show: Callable[[str], Data]) -> Iterable[tuple[Data, Value]]:
    """Yield the sentences as `show` puts them into a task's data, with their spans in what is read of it."""
    field = parse(config).fields[0]
    for sentence in _sentences():
        text, value = marked(sentence)
        data = show(text)
        shift = task_text(field, data).index(text)
        yield data, Spans(frozenset(Span(s.start + shift, s.end + shift, s.label) for s in value.spans))


def as_page(text: str) -> Data:
    """Return a task that shows the text within a page."""
    return {"page": f"<h1>News 📰</h1>\n<p>{escape(text)}<br>More <b>below</b>.</p>"}


def as_dialogue(text: str) -> Data:
    """Return a task that shows the text within a dialogue."""
    return {"talk": [{"author": "Agent 🎧", "text": "Tell me more 🙂, 请说。"}, {"author": "Guest", "text": text}]}


def _config(control: str, shown: str = TEXT) -> str:
    return f"<View>{shown}{control}</View>"


TALK = '<Paragraphs name="talk" value="$talk" layout="dialogue"/>'
PAGE = '<HyperText name="page" value="$page"/>'
PAIR = '<Text name="premise" value="$premise"/><Text name="hypothesis" value="$hypothesis"/>'
LABELS = '<Label value="Person"/><Label value="Place"/>'
TAXONOMY = (
    '<Choice value="Animal"><Choice value="Cat"/><Choice value="Dog"/></Choice>'
    '<Choice value="Food"><Choice value="Noodles" alias="面条"/><Choice value="Bread"/></Choice>'
)
LIST = '<Text name="prompt" value="$prompt"/><List name="list" value="$items" title="All"/>'
PRICE = _config('<Number name="price" toName="text" min="0" max="100" step="0.5"/>')
NESTED = _config('<Choices name="mood" toName="text" value="$tree" choice="multiple" allowNested="true"/>')
ON_TEXT = _config(f'<Labels name="who" toName="text">{LABELS}</Labels>')
ON_PAGE = _config(f'<HyperTextLabels name="who" toName="page">{LABELS}</HyperTextLabels>', PAGE)
ON_TALK = _config(f'<ParagraphLabels name="who" toName="talk">{LABELS}</ParagraphLabels>', TALK)


def cases() -> tuple[Case, ...]:
    """Return every kind of field, several object tags, and one configuration with several fields."""
    multiple = f'<Choices name="about" toName="text" choice="multiple">{_choices("price", "staff", "food")}</Choices>'
    second = f'<Labels name="other" toName="text">{LABELS}</Labels>'
    topic = f'<Choices name="topic" toName="talk">{_choices(*THINGS)}</Choices>'
    follows = f'<Choices name="follows" toName="hypothesis">{_choices("yes", "no")}</Choices>'
    return (
        Case("choices", _config(multiple), tuple(_multi())),
        Case("choices-beside-labels", _config(multiple + second), tuple(_multi())),
        Case("choice-of-two-texts", _config(follows, PAIR), tuple(_entailment())),
        Case("choice-of-dialogue", _config(topic, TALK), tuple(_dialogues())),
        Case("rating", _config('<Rating name="stars" toName="text" maxRating="5"/>'), tuple(_rating())),
        Case("pairwise", _config('<Pairwise name="better" toName="one,two"/>', _two()), tuple(_pairwise())),
        Case("taxonomy", _config(f'<Taxonomy name="what" toName="text">{TAXONOMY}</Taxonomy>'), tuple(_taxonomy())),
        Case("spans", ON_TEXT, tuple(_spans(ON_TEXT, lambda text: {"text": text}))),
        Case("spans-of-html", ON_PAGE, tuple(_spans(ON_PAGE, as_page))),
        Case("spans-of-dialogue", ON_TALK, tuple(_spans(ON_TALK, as_dialogue))),
        Case("number", PRICE, tuple(_prices())),
        Case("date", _config('<DateTime name="day" toName="text" only="date" format="%d.%m.%Y"/>'), tuple(_days())),
        Case("option", _config('<Choices name="mood" toName="text" value="$offers"/>'), tuple(_offers())),
        Case("nested-options", NESTED, tuple(_nested_offers())),
        Case("ranking", _config('<Ranker name="rank" toName="list"/>', LIST), tuple(_orders())),
        Case("text", _config('<TextArea name="reply" toName="text" maxSubmissions="1"/>'), tuple(_written())),
    )


def _two() -> str:
    return '<Text name="one" value="$one"/><Text name="two" value="$two"/>'
