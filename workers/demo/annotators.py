"""Simulated people: each says of a text what one of its raters says, whatever the pre-annotation says."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from labelloop.domain.schema import Field
from labelloop.domain.values import Choice
from sync.api.client import LabelStudio
from sync.api.wire import WirePrediction
from sync.codecs.region_codec import from_regions, to_regions
from workers.demo.accounts import Annotator
from workers.demo.example import DemoText

SEED = "labelloop demo"


@dataclass(frozen=True)
class SimulatedAnnotator:
    """A simulated person at work in one project, through their own account."""

    account: Annotator
    client: LabelStudio
    project_id: int
    field: Field
    texts: Mapping[str, DemoText]

    def label_one(self) -> bool:
        """Label the next task of the queue; False where the queue now has none for this person."""
        task = self.client.next_task(self.project_id)
        if task is None:
            return False
        text = self.texts[str(task.data["text"])]
        shown = task.predictions[0] if task.predictions else None
        self.client.annotate(
            task.id,
            answer(self.field, opinion(text, self.account.number), shown),
            parent_prediction=shown.id if shown else None,
            lead_time=lead_time(text, self.account.number),
        )
        return True


def opinion(text: DemoText, number: int) -> str:
    """Return what one of the text's raters says; different annotators stand for different raters.

    Who stands for whom is drawn by hash of the text, so that an annotator's raters are a random sample.
    """
    return text.ratings[(_draw("rater", text.id) + number) % len(text.ratings)]


def lead_time(text: DemoText, number: int) -> float:
    """Return a plausible time for one judgement, in seconds: reading at 25 characters a second, then 2 to 6 s."""
    return round(len(text.text) / 25 + 2 + 4 * (_draw("time", text.id, number) % 1000) / 1000, 2)


def answer(field: Field, label: str, shown: WirePrediction | None) -> list[dict[str, object]]:
    """Return the regions that Label Studio's screen would submit: those shown if right, changed or new if not."""
    value = Choice(label)
    before = from_regions(field, shown.result) if shown else None
    origin = "manual" if before is None else "prediction" if before == value else "prediction-changed"
    return [{**region, "id": _region_id(field, region, shown), "origin": origin} for region in to_regions(field, value)]


def _region_id(field: Field, region: Mapping[str, object], shown: WirePrediction | None) -> object:
    """Return the id of the shown region that this one replaces, else its own."""
    for old in shown.result if shown else ():
        if isinstance(old, Mapping) and old.get("from_name") == field.name:
            return old.get("id", region["id"])
    return region["id"]


def _draw(*what: object) -> int:
    return int.from_bytes(hashlib.blake2b(repr((SEED, *what)).encode(), digest_size=8).digest())
