"""Where a round keeps what annotators said of each field: names of files alone, which cost nothing to load."""

from collections.abc import Iterable, Sequence
from urllib.parse import quote

JUDGEMENTS = "judgements.parquet"


def judgements_file(field: str, looped: Sequence[str]) -> str:
    """Return the file of a field in a round whose project looped these fields then; empty where it was none of them.

    >>> judgements_file("mood", ["mood"]), judgements_file("心情", ["mood", "心情"]), judgements_file("mood", ["topic"])
    ('judgements.parquet', 'judgements.%E5%BF%83%E6%83%85.parquet', '')
    """
    if field not in looped:
        return ""
    return JUDGEMENTS if len(looped) == 1 else f"judgements.{quote(field, safe='')}.parquet"


def judgements_files(files: Iterable[str]) -> list[str]:
    """Return those files of a round that hold what annotators said, one for each field."""
    start, _, end = JUDGEMENTS.partition(".")
    return sorted(file for file in files if file.startswith(f"{start}.") and file.endswith(f".{end}"))
