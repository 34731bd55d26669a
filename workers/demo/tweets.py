"""A hard example: 4,200 tweets, each rated by twenty or more people, who often disagree.

From C. J. Hutto and E. Gilbert, VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media Text
(ICWSM 2014), MIT licence. Nothing of it is kept here: it comes from the Python package index when the demo first runs.
"""

import html
import io
import json
import tarfile
from pathlib import Path

from labelloop.rules import Rules
from workers.demo.example import DemoText, Example
from workers.demo.published_file import PublishedFile

SDIST = PublishedFile(
    "vaderSentiment",
    "2.5",  # the last release that ships the ratings
    "vaderSentiment-2.5.tar.gz",
    "b960c954831f5ca58afee61780cc04ed48e551b91e783bfcbfb2c18bb8081a84",
)
ARCHIVE = "vaderSentiment-2.5/additional_resources/hutto_ICWSM_2014.tar.gz"
TEXTS = "hutto_ICWSM_2014/tweets_GroundTruth.txt"
RATINGS = "hutto_ICWSM_2014/tweets_anonDataRatings.txt"
LABELS = ("positive", "neutral", "negative")


def load_tweets(folder: Path) -> list[DemoText]:
    """Return the rated tweets in the order of their source; 2.4 MB are downloaded into the folder at the first call."""
    return parse_tweets(SDIST.fetch(folder))


def parse_tweets(sdist: Path) -> list[DemoText]:
    """Return the tweets in the source distribution; nothing of it is unpacked to disk."""
    with tarfile.open(sdist) as package, tarfile.open(fileobj=io.BytesIO(_member(package, ARCHIVE))) as study:
        texts = _table(_member(study, TEXTS))
        ratings = _table(_member(study, RATINGS))
    raters = {row[0]: json.loads(row[3]) for row in ratings}
    return [
        DemoText(f"tweet-{row[0]}", html.unescape(row[2]).strip(), tuple(label_of(r) for r in raters[row[0]]))
        for row in texts
    ]


def label_of(rating: float) -> str:
    """Return the label that a rating from -4 to 4 stands for: its sign.

    >>> [label_of(rating) for rating in (3, 0, -1)]
    ['positive', 'neutral', 'negative']
    """
    positive, neutral, negative = LABELS
    return positive if rating > 0 else negative if rating < 0 else neutral


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file is not None, f"{name} is a file"
    return file.read()


def _table(content: bytes) -> list[list[str]]:
    return [line.split("\t") for line in content.decode("utf-8").split("\r\n") if line]


TWEETS = Example(
    name="tweets",
    about="real tweets, each answer that of one of its real raters",
    field="sentiment",
    labels=LABELS,
    tasks=900,
    rounds=4,
    certify=150,
    # Rounds that double show the learning curve in few minutes. The audit set comes first, so that all are measured
    # on it. One quick learner: simulated annotators do not label for as long as a slow one takes.
    rules=Rules(
        round_size=20, round_growth=1.0, monitor_size=150, monitor_share=0.9, queue_rounds=3, learners=("linear",)
    ),
    load=load_tweets,
)
