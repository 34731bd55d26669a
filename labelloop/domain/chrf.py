"""How alike two texts are, by their characters: chrF (Popović 2015, WMT, p. 392-395)."""

from collections import Counter

LONGEST = 6
RECALL_WEIGHT = 2


def chrf(hypothesis: str, reference: str) -> float:
    """Return the F-score, in [0, 1], of the n-grams of 1 to 6 characters, white space left out; recall counts twice.

    Precision and recall are means over the n for which both texts have any. Two texts without characters are alike.

    >>> chrf("the cat", "the cat")
    1.0
    """
    one, other = "".join(hypothesis.split()), "".join(reference.split())
    precisions, recalls = [], []
    for n in range(1, LONGEST + 1):
        ours, theirs = _grams(one, n), _grams(other, n)
        if not ours or not theirs:
            continue
        common = (ours & theirs).total()
        precisions.append(common / ours.total())
        recalls.append(common / theirs.total())
    if not precisions:
        return float(one == other)
    precision, recall = sum(precisions) / len(precisions), sum(recalls) / len(recalls)
    weight = RECALL_WEIGHT**2
    return (1 + weight) * precision * recall / (weight * precision + recall) if precision + recall else 0.0


def _grams(text: str, n: int) -> Counter[str]:
    return Counter(text[start : start + n] for start in range(len(text) - n + 1))
