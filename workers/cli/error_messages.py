"""Every error of a command as one plain sentence on stderr and an exit status."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from labelloop.errors import LabelLoopError, UserError
from labelloop.extras import missing_extra

if TYPE_CHECKING:
    from pydantic import ValidationError

FAILED, USER_ERROR, INTERRUPTED = 1, 2, 130


def run(command: Callable[[], object]) -> int:
    """Return a command's exit status: 0 fine, 1 something failed, 2 the user can mend it; other errors are raised."""
    try:
        command()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else FAILED if end.code else 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        known = explain(error)
        if known is None:
            raise
        status, sentence = known
        sys.stderr.write(f"labelloop: {sentence}\n")
        return status
    return 0


def explain(error: Exception) -> tuple[int, str] | None:
    """Return the exit status and the sentence for an error, None for one that nobody foresaw."""
    if isinstance(error, LabelLoopError):
        return USER_ERROR if isinstance(error, UserError) else FAILED, str(error)
    from pydantic import ValidationError  # only now: what nobody needs unless something fails takes half a second
    from redis.exceptions import AuthenticationError, RedisError
    from sqlalchemy.exc import DBAPIError

    match error:
        case ValidationError(title="Settings"):
            return USER_ERROR, _settings(error)
        case AuthenticationError():
            return USER_ERROR, f"Redis refuses the log-in ({error}): check the password in LABELLOOP_REDIS_URL."
        case RedisError():
            return FAILED, f"Redis does not answer ({error}): is it running, and is LABELLOOP_REDIS_URL right?"
        case DBAPIError():
            return FAILED, f"The ledger's database failed ({error.orig}): try again; is its disk full, is it running?"
        case OSError():
            return FAILED, f"{error.filename or 'The system'}: {error.strerror or error}."
        case ImportError() if missing := missing_extra(error):
            return USER_ERROR, str(missing)
        case _:
            return None


def _settings(error: "ValidationError") -> str:
    faults = "; ".join(
        f"LABELLOOP_{'.'.join(map(str, e['loc'])).upper()}: {e['msg'].removeprefix('Value error, ')}"
        for e in error.errors()
    )
    return f"{faults}. See docs/settings.md."
