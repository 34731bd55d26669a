"""Where what is spent on LLMs is entered, from the settings."""

from labelloop.llm.response_cache import FILE as RESPONSES
from labelloop.settings import Settings
from labelloop.stores.ledger import Ledger
from labelloop.stores.llm_costs import LlmCosts


def open_llm_costs(settings: Settings, ledger: Ledger) -> LlmCosts:
    """Return what is spent on LLMs; what 0.1.0 kept in a file of this machine is taken over on first use."""
    return LlmCosts(ledger.engine, settings.data_dir.resolve() / RESPONSES)
