"""How an LLM is reached, asked and paid for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from labelloop.errors import UserError
from labelloop.llm.cost_caps import Limits
from labelloop.llm.prices import Price

ANY = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class LlmSettings:
    """The settings `LABELLOOP_LLM_*`, each under its own name; `pause_s` is the first pause between two attempts.

    `ca_bundle` is a file of authorities that are trusted beside the usual ones.
    """

    base_url: str = ""
    model: str = ""
    api_key: SecretStr = field(default_factory=lambda: SecretStr(""))
    api_key_file: str = ""
    prices: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    cap: float = 5.0
    concurrency: int = 8
    requests_per_minute: int = 0
    tokens_per_minute: int = 0
    timeout_s: float = 60.0
    context_tokens: int = 8192
    max_tokens: int = 512
    runs: int = 1
    guideline: str = ""
    refine: bool = True
    pause_s: float = 0.5
    ca_bundle: str = ""

    @property
    def is_complete(self) -> bool:
        """Return whether an LLM is set up: a server and the model to ask."""
        return bool(self.base_url and self.model)

    @property
    def limits(self) -> Limits:
        """Return what a project may spend, and what the server takes in a minute."""
        return Limits(self.cap, self.requests_per_minute, self.tokens_per_minute)

    def price(self, model: str) -> Price:
        """Return a model's price; raises UserError where it is unknown, for then no cap could hold."""
        found = self.prices.get(model, self.prices.get(ANY))
        if found is None:
            raise UserError(
                f"The price of {model} is unknown, so the cap could not be kept: name it in LABELLOOP_LLM_PRICES, such "
                f'as {{"{model}": [0.25, 2.0]}} per million tokens in and out, or [0, 0] for a server of your own.'
            )
        return Price(*found)

    def key(self) -> SecretStr:
        """Return the key, from the file if one is named; raises UserError if that cannot be read or sent."""
        if not self.api_key_file:
            return self.api_key
        try:
            key = Path(self.api_key_file).read_text("utf-8-sig").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(
                f"The file {self.api_key_file} that LABELLOOP_LLM_API_KEY_FILE names cannot be read "
                f"({type(error).__name__}): fix the path, or its permissions."
            ) from None
        if not all(" " <= character <= "~" for character in key):
            raise UserError(
                f"The key in {self.api_key_file}, which LABELLOOP_LLM_API_KEY_FILE names, is not of ASCII letters, "
                "digits and punctuation in one line, and no header carries anything else: leave the key alone in it."
            )
        return SecretStr(key)
