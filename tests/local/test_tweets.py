"""The demo's data is fetched once, checked, and read as published."""

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from labelloop.errors import NeighbourError, UserError
from workers.demo import tweets as tweets_module
from workers.demo.tweets import ARCHIVE, LABELS, RATINGS, TEXTS, RatedTweet, load_tweets, parse_tweets


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
        RatedTweet("tweet-1", "Fish & chips, yum", ("positive", "neutral", "negative")),
        RatedTweet("tweet-2", "rain again", ("negative", "negative")),
    ]


def test_another_file_than_the_published_one_is_refused(sdist: Path) -> None:
    """A damaged download is never read."""
    with pytest.raises(UserError, match="delete it"):
        load_tweets(sdist.parent)


def test_a_file_put_there_by_hand_is_used(sdist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the file in the folder no network is needed."""
    monkeypatch.setattr(tweets_module, "SHA256", hashlib.sha256(sdist.read_bytes()).hexdigest())
    monkeypatch.setenv("PIP_NO_INDEX", "1")

    assert len(load_tweets(sdist.parent)) == 2


def test_without_an_index_the_user_is_told_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No network: the error names the file to fetch and where to put it, and nothing half done stays behind."""
    for name, value in {"PIP_CONFIG_FILE": "/dev/null", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""}.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(NeighbourError, match=r"put vaderSentiment-2\.5\.tar\.gz \(the source"):
        load_tweets(tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_the_published_tweets_are_all_there(tmp_path: Path) -> None:
    """The real download: 4,200 different texts, each with at least twenty opinions."""
    tweets = load_tweets(tmp_path)

    assert len({tweet.text for tweet in tweets}) == 4200
    assert min(len(tweet.ratings) for tweet in tweets) == 20
    assert {label for tweet in tweets for label in tweet.ratings} == set(LABELS)
    assert [path.name for path in tmp_path.iterdir()] == ["vaderSentiment-2.5.tar.gz"]
