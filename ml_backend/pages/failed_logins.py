"""Passwords are not guessed here: after some failures a log-in has to wait."""

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

FAILURES, WITHIN_S = 5, 300.0
FAILURES_OF_ADDRESS = 20
REMEMBERED = 10_000
"""How many accounts and addresses are remembered, so that nobody fills the memory with made-up ones."""


class FailedLogins:
    """Counts failures of each account and of each address, in this process; `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, Lock()
        self._failures: OrderedDict[str, list[float]] = OrderedDict()

    def must_wait(self, account: str, address: str) -> bool:
        """Return whether the account has failed 5 times within 5 minutes, or the address 20 times."""
        with self._lock:
            of_account, of_address = self._recent(_account(account)), self._recent(_address(address))
        return len(of_account) >= FAILURES or len(of_address) >= FAILURES_OF_ADDRESS

    def failed(self, account: str, address: str) -> None:
        """Count a failure."""
        with self._lock:
            for key in (_account(account), _address(address)):
                self._failures[key] = [*self._recent(key), self._clock()]
                self._failures.move_to_end(key)
            while len(self._failures) > REMEMBERED:
                self._failures.popitem(last=False)

    def succeeded(self, account: str) -> None:
        """Forget the failures of an account."""
        with self._lock:
            self._failures.pop(_account(account), None)

    def _recent(self, key: str) -> list[float]:
        since = self._clock() - WITHIN_S
        return [at for at in self._failures.get(key, ()) if at > since]


def _account(name: str) -> str:
    return f"account {name.strip().casefold()[:320]}"


def _address(address: str) -> str:
    return f"address {address}"
