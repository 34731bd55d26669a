"""The tweets of the demo are read as published."""

import io
import tarfile
from pathlib import Path

import pytest

from workers.demo.example import DemoText
from workers.demo.tweets import ARCHIVE, LABELS, RATINGS, TEXTS, load_tweets, parse_tweets


def archive(files: dict[str, bytes]) -> bytes:
    """Return the files as a gzipped tar."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def sdist(tmp_path: Path) -> Path:
    """Return a source distribution with two tweets."""
    study = archive(
        {
            TEXTS: b"1\t1.5\tFish &amp; chips, yum\r\n2\t-1.0\train again\r\n",
            RATINGS: b"1\t1.5\t0.5\t[4, 0, -1]\r\n2\t-1.0\t0.0\t[-1, -2]\r\n",
        }
    )
    path = tmp_path / "vaderSentiment-2.5.tar.gz"
    path.write_bytes(archive({ARCHIVE: study}))
    return path


def test_a_rating_becomes_the_label_of_its_sign(sdist: Path) -> None:
    """Texts are unescaped, and each rating says positive, neutral or negative."""
    assert parse_tweets(sdist) == [
        DemoText("tweet-1", "Fish & chips, yum", ("positive", "neutral", "negative")),
        DemoText("tweet-2", "rain again", ("negative", "negative")),
    ]


@pytest.mark.slow
def test_the_published_tweets_are_all_there(tmp_path: Path) -> None:
    """The real download: 4,200 different texts, each with at least twenty opinions."""
    tweets = load_tweets(tmp_path)

    assert len({tweet.text for tweet in tweets}) == 4200
    assert min(len(tweet.ratings) for tweet in tweets) == 20
    assert {label for tweet in tweets for label in tweet.ratings} == set(LABELS)
    assert [path.name for path in tmp_path.iterdir()] == ["vaderSentiment-2.5.tar.gz"]
