"""How model labels that we wrote into Label Studio are told from what people said."""

import re
from collections.abc import Mapping, Sequence

from sync.api.wire import NOBODY, WireAnnotation

PREFIX = "labelloop-release-"
_VERSION = re.compile(rf"{PREFIX}\d+-[0-9a-f]+")
_REGION = re.compile(rf"{_VERSION.pattern}-u(\d+)-\d+")

Region = Mapping[str, object]


def version_of(artifact: str) -> str:
    """Return the name under which a release's model labels stand in Label Studio; its end is the artifact's digest.

    >>> version_of("project-12/release-1-6b1f0c2a9d3e")
    'labelloop-release-1-6b1f0c2a9d3e'
    """
    return f"labelloop-{artifact.rpartition('/')[2]}"


def is_version(name: str) -> bool:
    """Return whether a model version is the name of a release."""
    return _VERSION.fullmatch(name) is not None


def marked(regions: Sequence[Region], version: str, user: int) -> list[dict[str, object]]:
    """Return the regions with the mark of the release they belong to and of the account they are written for."""
    return [{**region, "id": f"{version}-u{user}-{number}"} for number, region in enumerate(regions)]


def is_ours(annotation: WireAnnotation) -> bool:
    """Return whether the annotation is a model label: its regions carry a mark, and no other person has saved it.

    What people make of one, as an annotation of their own, is theirs, though it may keep the mark. One that came with
    an import belongs to whoever imported it, without having been saved by them.
    """
    accounts = {int(found[1]) for region in annotation.regions if (found := _REGION.fullmatch(_id(region)))}
    unsaved = annotation.annotator_id == NOBODY or annotation.updated_by is None
    return bool(accounts) and (unsaved or annotation.annotator_id in accounts)


def is_of(annotation: WireAnnotation, version: str) -> bool:
    """Return whether the annotation is a model label of this release."""
    return is_ours(annotation) and any(_id(region).startswith(f"{version}-u") for region in annotation.regions)


def _id(region: object) -> str:
    return str(region.get("id", "")) if isinstance(region, Mapping) else ""
