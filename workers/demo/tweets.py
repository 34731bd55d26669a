"""The demo's data: 4,200 short texts, each rated by twenty or more people.

From C. J. Hutto and E. Gilbert, VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media Text
(ICWSM 2014), MIT licence. Nothing of it is kept here: it comes from the Python package index when the demo first runs.
"""

import hashlib
import html
import io
import json
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from labelloop.errors import NeighbourError, UserError

PACKAGE = "vaderSentiment"
VERSION = "2.5"  # the last release that ships the ratings
SHA256 = "b960c954831f5ca58afee61780cc04ed48e551b91e783bfcbfb2c18bb8081a84"
ARCHIVE = f"{PACKAGE}-{VERSION}/additional_resources/hutto_ICWSM_2014.tar.gz"
TEXTS = "hutto_ICWSM_2014/tweets_GroundTruth.txt"
RATINGS = "hutto_ICWSM_2014/tweets_anonDataRatings.txt"
LABELS = ("positive", "neutral", "negative")


@dataclass(frozen=True, slots=True)
class RatedTweet:
    """A text and what each of its raters said of it (one of `LABELS`); a place in `ratings` is no fixed person."""

    id: str
    text: str
    ratings: tuple[str, ...]


def load_tweets(cache: Path) -> list[RatedTweet]:
    """Return the rated tweets in the order of their source; downloaded (2.4 MB) into the folder at the first call.

    Raises NeighbourError without a network, UserError where the file in the folder is not the published one.
    """
    sdist = cache / f"{PACKAGE}-{VERSION}.tar.gz"
    if not sdist.exists():
        _download(sdist)
    if hashlib.sha256(sdist.read_bytes()).hexdigest() != SHA256:
        raise UserError(f"{sdist} is damaged or another file: delete it, and it is downloaded again.")
    return parse_tweets(sdist)


def parse_tweets(sdist: Path) -> list[RatedTweet]:
    """Return the tweets in the source distribution; nothing of it is unpacked to disk."""
    with tarfile.open(sdist) as package, tarfile.open(fileobj=io.BytesIO(_member(package, ARCHIVE))) as study:
        texts = _table(_member(study, TEXTS))
        ratings = _table(_member(study, RATINGS))
    raters = {row[0]: json.loads(row[3]) for row in ratings}
    return [
        RatedTweet(f"tweet-{row[0]}", html.unescape(row[2]).strip(), tuple(label_of(r) for r in raters[row[0]]))
        for row in texts
    ]


def label_of(rating: float) -> str:
    """Return the label that a rating from -4 to 4 stands for: its sign.

    >>> [label_of(rating) for rating in (3, 0, -1)]
    ['positive', 'neutral', 'negative']
    """
    positive, neutral, negative = LABELS
    return positive if rating > 0 else negative if rating < 0 else neutral


def _download(sdist: Path) -> None:
    """Fetch the file with pip, which knows the user's index and proxy, and checks the digest before it looks inside."""
    sdist.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=sdist.parent) as folder:
        wanted = Path(folder) / "wanted.txt"
        wanted.write_text(f"{PACKAGE}=={VERSION} --hash=sha256:{SHA256}\n", "utf-8")
        options = ["--no-deps", f"--no-binary={PACKAGE}", "--retries=1", "--timeout=30", "--quiet"]
        command = [sys.executable, "-m", "pip", "download", *options, f"--dest={folder}", f"--requirement={wanted}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  (all parts are ours)
        if done.returncode != 0:
            raise NeighbourError(
                f"The demo's data could not be downloaded: {_last_line(done.stderr)}\n"
                f"Connect this machine to the Python package index, or put {sdist.name} (the source "
                f"distribution of {PACKAGE} {VERSION}) into {sdist.parent}."
            )
        (Path(folder) / sdist.name).rename(sdist)


def _last_line(text: str) -> str:
    return next((line for line in reversed(text.splitlines()) if line.strip()), "pip failed without a word")


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file is not None, f"{name} is a file"
    return file.read()


def _table(content: bytes) -> list[list[str]]:
    return [line.split("\t") for line in content.decode("utf-8").split("\r\n") if line]
