"""Simulated people: each says of a tweet what one of its real raters said, whatever the pre-annotation says."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from labelloop.domain.schema import Field
from labelloop.domain.values import Choice
from sync.client import LabelStudio
from sync.codecs import decode, encode
from sync.wire import WirePrediction
from workers.demo.accounts import Annotator
from workers.demo.tweets import RatedTweet

SEED = "labelloop demo"


@dataclass(frozen=True)
class SimulatedAnnotator:
    """A simulated person at work in one project, through their own account."""

    account: Annotator
    client: LabelStudio
    project_id: int
    field: Field
    tweets: Mapping[str, RatedTweet]

    def label_one(self) -> bool:
        """Label the next task of the queue; False where the queue now has none for this person."""
        task = self.client.next_task(self.project_id)
        if task is None:
            return False
        tweet = self.tweets[str(task.data["tweet"])]
        shown = task.predictions[0] if task.predictions else None
        self.client.annotate(
            task.id,
            answer(self.field, opinion(tweet, self.account.number), shown),
            parent_prediction=shown.id if shown else None,
            lead_time=lead_time(tweet, self.account.number),
        )
        return True


def opinion(tweet: RatedTweet, number: int) -> str:
    """Return what one of the tweet's raters said; different annotators stand for different raters.

    Who stands for whom is drawn by hash of the tweet, so that an annotator's raters are a random sample.
    """
    return tweet.ratings[(_draw("rater", tweet.id) + number) % len(tweet.ratings)]


def lead_time(tweet: RatedTweet, number: int) -> float:
    """Return a plausible time for one judgement, in seconds: reading at 25 characters a second, then 2 to 6 s."""
    return round(len(tweet.text) / 25 + 2 + 4 * (_draw("time", tweet.id, number) % 1000) / 1000, 2)


def answer(field: Field, label: str, shown: WirePrediction | None) -> list[dict[str, object]]:
    """Return the regions that Label Studio's screen would submit: those shown if right, changed or new if not."""
    said = Choice(label)
    before = decode(field, shown.result) if shown else None
    origin = "manual" if before is None else "prediction" if before == said else "prediction-changed"
    return [{**region, "id": _region_id(field, region, shown), "origin": origin} for region in encode(field, said)]


def _region_id(field: Field, region: Mapping[str, object], shown: WirePrediction | None) -> object:
    """Return the id of the shown region that this one replaces, else its own."""
    for old in shown.result if shown else ():
        if isinstance(old, Mapping) and old.get("from_name") == field.name:
            return old.get("id", region["id"])
    return region["id"]


def _draw(*what: object) -> int:
    return int.from_bytes(hashlib.blake2b(repr((SEED, *what)).encode(), digest_size=8).digest())
