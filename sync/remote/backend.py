"""A remote ML backend over HTTP: health, setup and predict, as Label Studio calls them, with patience and limits."""

from typing import Any, Self

import httpx
import structlog
import tenacity

from labelloop.deadline import seconds_left
from labelloop.errors import NeighbourError
from labelloop.outgoing_requests import http_options, through, untrusted
from sync.remote.address import Address

ATTEMPTS = 4
PAUSE_S = 0.5
CONNECT_S = 5.0
HEALTH_S = 10.0
_PASSING = frozenset({429, 500, 502, 503, 504})

log = structlog.get_logger()


class _Passing(NeighbourError):
    """Trouble that may pass: worth another attempt."""


class Backend:
    """One conversation with a backend; use it in `with`. Raises NeighbourError whatever goes wrong.

    A call is repeated, up to four times with growing random pauses, when it could not be sent or was answered 429, 500,
    502, 503 or 504; never when the answer did not come within `timeout_s` seconds, and never while somebody waits for
    us (`labelloop.deadline`). Redirects are not followed: they could lead anywhere.
    """

    def __init__(
        self,
        address: Address,
        *,
        user: str,
        password: str,
        timeout_s: float,
        pause_s: float = PAUSE_S,
        ca_bundle: str = "",
    ) -> None:
        self._address, self._timeout_s, self._pause_s = address, timeout_s, pause_s
        auth = httpx.BasicAuth(user, password) if user or password else None
        self._client = httpx.Client(auth=auth, follow_redirects=False, **http_options(address.url, ca_bundle))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def health(self) -> None:
        """Raise NeighbourError, which says what to do, unless an ML backend answers."""
        self._ask("GET", "/health", timeout_s=min(HEALTH_S, self._timeout_s))

    def setup(self, label_config: str) -> str:
        """Announce the labelling configuration and return the name of the backend's model; empty if it gives none."""
        body = {"project": self._project, "schema": label_config, "hostname": "", "access_token": ""}
        return _name(self._ask("POST", "/setup", body))

    def predict(self, label_config: str, tasks: list[dict[str, object]]) -> tuple[list[object], str]:
        """Return the entries of `results`, as they came, and the model's name if the answer has one, else empty."""
        params = {"login": None, "password": None, "context": None}
        body = {"tasks": tasks, "project": self._project, "label_config": label_config, "params": params}
        answer = self._ask("POST", "/predict", body)
        results = answer.get("results")
        return (results if isinstance(results, list) else []), _name(answer)

    @property
    def _project(self) -> str:
        return f"{self._address.project}.0"

    def _ask(self, method: str, path: str, body: object = None, *, timeout_s: float | None = None) -> dict[str, Any]:
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(ATTEMPTS if seconds_left() == float("inf") else 1),
            wait=tenacity.wait_random_exponential(multiplier=self._pause_s, max=20 * self._pause_s),
            retry=tenacity.retry_if_exception_type(_Passing),
            reraise=True,
        )
        response = retrying(self._once, method, path, body, timeout_s or self._timeout_s)
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise NeighbourError(f"{self._where(path)} does not answer as an ML backend does: check the address.")
        return answer

    def _once(self, method: str, path: str, body: object, timeout_s: float) -> httpx.Response:
        left = min(timeout_s, seconds_left())
        if left <= 0:
            raise NeighbourError(f"There is no time left to ask {self._where(path)}.")
        try:
            response = self._client.request(
                method, self._address.url + path, json=body, timeout=httpx.Timeout(left, connect=min(left, CONNECT_S))
            )
        except httpx.ReadTimeout as error:
            raise NeighbourError(
                f"{self._where(path)} did not answer within {left:.0f} s: see its log, or raise "
                "LABELLOOP_REMOTE_TIMEOUT_S."
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            if refused := untrusted(f"the remote backend at {self._address.url}", error):
                raise NeighbourError(str(refused)) from error
            raise _Passing(
                f"{self._where(path)} cannot be reached ({type(error).__name__}): is it running, and is the address "
                f"right?{self._asked}"
            ) from error
        if response.is_success:
            return response
        raise self._refusal(path, response.status_code)

    def _refusal(self, path: str, status: int) -> NeighbourError:
        where = f"{self._where(path)} answered {status}"
        if status in _PASSING:
            return _Passing(f"{where}: see the backend's log.{self._asked}")
        if status in (401, 403):
            return NeighbourError(f"{where}: set LABELLOOP_REMOTE_USER and LABELLOOP_REMOTE_PASSWORD to what it wants.")
        if 300 <= status < 400:
            return NeighbourError(f"{where}, a redirect, which is not followed: name the address it leads to.")
        return NeighbourError(f"{where}: is this the address of an ML backend?")

    @property
    def _asked(self) -> str:
        via = through(self._address.url)
        return f" It is asked{via}." if via else ""

    def _where(self, path: str) -> str:
        return f"The remote backend at {self._address.url}{path}"


def _name(answer: dict[str, Any]) -> str:
    given = answer.get("model_version")
    return str(given) if isinstance(given, str | int) and not isinstance(given, bool) else ""
