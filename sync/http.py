"""Requests to Label Studio: time-outs, patience with passing trouble, errors in our words."""

from collections.abc import Mapping
from contextlib import suppress

import httpx
import tenacity

from labelloop.errors import LabelLoopError, NotFound, UserError
from sync.auth import auth_for
from sync.faults import fault, not_label_studio, unreachable

_PASSING = frozenset({429, 502, 503, 504})
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

Params = Mapping[str, str | int]


class _Passing(Exception):
    """Trouble that may pass: worth another attempt."""

    def __init__(self, error: LabelLoopError) -> None:
        super().__init__(str(error))
        self.error = error


class Http:
    """One connection pool to one Label Studio; safe among threads.

    A call is repeated, up to `attempts` times with growing random pauses, where that can do no harm: always when it was
    not sent or answered 429, and after a lost answer or 502, 503, 504 only if the method is idempotent (all but POST).
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        timeout_s: float,
        attempts: int,
        pause_s: float,
        transport: httpx.BaseTransport | None,
    ) -> None:
        self.url = url.rstrip("/")
        self._attempts = attempts
        self._pause_s = pause_s
        try:
            httpx.URL(self.url)
        except httpx.InvalidURL as error:
            raise UserError(f"{url} is not an address: set LABELLOOP_LABEL_STUDIO_URL ({error}).") from error
        self._client = httpx.Client(
            base_url=self.url,
            auth=auth_for(token, f"{self.url}/api/token/refresh/"),
            timeout=httpx.Timeout(timeout_s, connect=min(timeout_s, 10.0)),
            transport=transport,
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def ask(self, method: str, path: str, *, params: Params | None = None, json: object = None) -> object:
        """Return the JSON of the answer; as `call`, and UserError if something else than Label Studio answered."""
        response = self.call(method, path, params=params, json=json)
        try:
            return response.json()
        except ValueError as error:
            raise not_label_studio(response) from error

    def call(self, method: str, path: str, *, params: Params | None = None, json: object = None) -> httpx.Response:
        """Return the answer (status below 400); raises UserError, NotFound or NeighbourError."""
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._attempts),
            wait=tenacity.wait_random_exponential(multiplier=self._pause_s, max=40 * self._pause_s),
            retry=tenacity.retry_if_exception_type(_Passing),
            reraise=True,
        )
        try:
            return retrying(self._once, method, path, params, json)
        except _Passing as passing:
            raise passing.error from passing.__cause__

    def delete(self, path: str) -> None:
        """Delete what is there; what is gone already is no error."""
        with suppress(NotFound):
            self.call("DELETE", path)

    def _once(self, method: str, path: str, params: Params | None, json: object) -> httpx.Response:
        idempotent = method != "POST"
        try:
            response = self._client.request(method, path, params=params, json=json)
        except httpx.HTTPError as error:
            lost = unreachable(self.url, error)
            if idempotent or isinstance(error, _NOT_SENT):
                raise _Passing(lost) from error
            raise lost from error
        if response.status_code < 400:
            return response
        refused = fault(response)
        if response.status_code == 429 or (idempotent and response.status_code in _PASSING):
            raise _Passing(refused)
        raise refused
