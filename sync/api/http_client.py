"""Requests to Label Studio, the SDK's and our own: time-outs, patience with passing trouble, errors in our words."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import tenacity
from label_studio_sdk.base_client import LabelStudioBase
from label_studio_sdk.core.api_error import ApiError

from labelloop.errors import LabelLoopError, UserError
from labelloop.outgoing_requests import http_options, untrusted
from sync.api.api_errors import HOW_TO_RENEW, error_of, not_label_studio, token_refused, unreachable

_PASSING = frozenset({429, 502, 503, 504})
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_REFRESH = "/api/token/refresh/"
# Without TLS a connection is new for each call, which costs next to nothing: the server of `label-studio start` sends
# an answer's head and body apart, and on a connection that is used again the body waits 40 ms for the head's receipt.
_NONE_KEPT = httpx.Limits(max_connections=100, max_keepalive_connections=0)
_KEPT = httpx.Limits(max_connections=100, max_keepalive_connections=20)


class _Passing(Exception):
    """Trouble that may pass: worth another attempt."""

    def __init__(self, error: LabelLoopError) -> None:
        super().__init__(str(error))
        self.error = error


class HttpClient(httpx.Client):
    """The connections to one Label Studio, for the SDK and for what we send ourselves; safe among threads.

    A call is repeated, up to `attempts` times with growing random pauses, where that can do no harm: always when it was
    not sent or answered 429, and after a lost answer or 502, 503, 504 only if it is idempotent (all but POST). What
    fails raises UserError, NotFound or NeighbourError, whoever sent it: the SDK never sees a refusal. `sdk` is the
    SDK's client; it tells the two kinds of token apart and exchanges a personal access token for access tokens. `clock`
    is what Label Studio's clock said at its last answer, to the second; None as long as it has not said.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        timeout_s: float,
        attempts: int,
        pause_s: float,
        ca_bundle: str,
        transport: httpx.BaseTransport | None,
    ) -> None:
        self._attempts, self._pause_s = attempts, pause_s
        self.clock: datetime | None = None
        address, plain = url.rstrip("/"), token.strip()
        if not plain:
            raise UserError(f"There is no Label Studio token. {HOW_TO_RENEW}")
        timeout = httpx.Timeout(timeout_s, connect=min(timeout_s, 10.0))
        try:
            options = http_options(address, ca_bundle)
            if transport is not None:  # asks whatever it likes
                options["proxy"] = None
            limits = _KEPT if httpx.URL(address).scheme == "https" else _NONE_KEPT
            super().__init__(base_url=address, timeout=timeout, limits=limits, transport=transport, **options)
        except httpx.InvalidURL as error:
            raise UserError(f"{url} is not an address: set LABELLOOP_LABEL_STUDIO_URL ({error}).") from error
        try:
            # The slash lets the SDK find the exchange of tokens below a path; the SDK's own retries repeat any POST.
            self.sdk = LabelStudioBase(base_url=f"{address}/", api_key=plain, httpx_client=self, max_retries=0)
        except ApiError as error:  # it reads a personal access token before anything is sent
            raise token_refused(str(error.body["detail"])) from error

    def call(
        self, method: str, path: str, *, params: Mapping[str, str | int] | None = None, json: object = None
    ) -> object:
        """Return the JSON of the answer, None where there is none, for what the SDK has no or no good method."""
        headers = self.sdk._client_wrapper.get_headers()  # the SDK has no public way to send what it does not know
        response = self.request(method, path, params=params, json=json, headers=headers)
        try:
            return response.json() if response.content else None
        except ValueError as error:
            raise not_label_studio(response) from error

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Return the answer (status below 400, JSON or empty); raises UserError, NotFound or NeighbourError."""
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._attempts),
            wait=tenacity.wait_random_exponential(multiplier=self._pause_s, max=40 * self._pause_s),
            retry=tenacity.retry_if_exception_type(_Passing),
            reraise=True,
        )
        try:
            return retrying(self._once, request, options)
        except _Passing as passing:
            raise passing.error from passing.__cause__

    def _once(self, request: httpx.Request, options: Mapping[str, Any]) -> httpx.Response:
        idempotent = request.method != "POST" or request.url.path.endswith(_REFRESH)
        try:
            response = super().send(request, **options)
            if response.status_code == 401 and self._renew(request):
                response = super().send(request, **options)
        except httpx.HTTPError as error:
            address = str(self.base_url).rstrip("/")
            if refused := untrusted(f"Label Studio at {address}", error):
                raise refused from error
            lost = unreachable(address, error)
            if idempotent or isinstance(error, _NOT_SENT):
                raise _Passing(lost) from error
            raise lost from error
        self.clock = _date(response) or self.clock
        if response.status_code >= 400:
            page = response.status_code == 404 and "json" not in response.headers.get("Content-Type", "")
            failed = not_label_studio(response) if page else error_of(response)
            if response.status_code == 429 or (idempotent and response.status_code in _PASSING):
                raise _Passing(failed)
            raise failed
        if response.is_redirect or (response.content and "json" not in response.headers.get("Content-Type", "")):
            raise not_label_studio(response)
        return response

    def _renew(self, request: httpx.Request) -> bool:
        """Give the request a new access token, if it carried one: the SDK goes by its life and our clock alone."""
        scheme, _, used = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer":
            return False
        tokens = self.sdk._client_wrapper._tokens_client
        if tokens._access_token == used:  # else another thread has renewed it meanwhile
            tokens._access_token = None
        request.headers["Authorization"] = f"Bearer {tokens.api_key}"
        return True


def _date(response: httpx.Response) -> datetime | None:
    with suppress(ValueError):
        date = parsedate_to_datetime(response.headers.get("Date", ""))
        return date if date.tzinfo else date.replace(tzinfo=UTC)
    return None
