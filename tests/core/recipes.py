"""How the contract suite names each installed learner: some need an argument, some a server of their own."""

ARGUMENTS: dict[str, str] = {"generate": "tiny-writer"}
ELSEWHERE = frozenset({"remote", "slow"})
"""Learners that need a server, or that tests bring along for one purpose; they have tests of their own."""

TUNING = frozenset({"contrastive", "finetune", "token-finetune"})
"""Learners that tune the encoder itself: the suite gives them a tiny one and few steps."""

WRITING = frozenset({"generate"})
"""Learners whose argument is a language model: the suite makes them a tiny one."""

PROMPTED = frozenset({"cascade", "distilled", "prompt"})
"""Learners that ask an LLM: the suite gives them a scripted one."""


def needs_nothing(name: str) -> bool:
    """Return whether the learner can be fitted right here."""
    return name not in ELSEWHERE


def recipe(name: str) -> str:
    """Return what the Rules would say."""
    return f"{name}:{ARGUMENTS[name]}" if name in ARGUMENTS else name
