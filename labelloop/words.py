"""Counts in sentences."""


def counted(count: int, noun: str) -> str:
    """Return the count with its noun, in the plural where it is not one.

    >>> counted(1, "task"), counted(0, "label")
    ('1 task', '0 labels')
    """
    return f"{count} {noun}{'' if count == 1 else 's'}"
