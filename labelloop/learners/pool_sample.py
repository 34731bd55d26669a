"""Which texts of a large pool are looked at: nearly the same ones round after round."""

import hashlib
from collections.abc import Iterable


def sampled(texts: Iterable[str], most: int, seed: int) -> list[str]:
    """Return at most so many of the distinct texts, sorted, by a seeded hash of each.

    A text stays in the sample as long as it is in the pool and new texts do not push it out: so the versions of
    several rounds and fields remember much the same texts, and an LLM is asked about the same ones again.
    """
    key = str(seed).encode()[:64]

    def place(text: str) -> bytes:
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=key, digest_size=16).digest()

    distinct = set(texts)
    return sorted(distinct if len(distinct) <= most else sorted(distinct, key=place)[:most])
