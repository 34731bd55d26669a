"""Every error of a command as one plain sentence on stderr and an exit status."""

import sys
from collections.abc import Callable

from pydantic import ValidationError
from redis.exceptions import AuthenticationError, RedisError
from sqlalchemy.exc import DBAPIError

from labelloop.errors import LabelLoopError, UserError

FAILED, MENDABLE, INTERRUPTED = 1, 2, 130


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
    match error:
        case UserError():
            return MENDABLE, str(error)
        case LabelLoopError():
            return FAILED, str(error)
        case ValidationError(title="Settings"):
            return MENDABLE, _settings(error)
        case AuthenticationError():
            return MENDABLE, f"Redis refuses the log-in ({error}): check the password in LABELLOOP_REDIS_URL."
        case RedisError():
            return FAILED, f"Redis does not answer ({error}): is it running, and is LABELLOOP_REDIS_URL right?"
        case DBAPIError():
            return FAILED, f"The ledger's database failed ({error.orig}): try again; is its disk full, is it running?"
        case OSError():
            return FAILED, f"{error.filename or 'The system'}: {error.strerror or error}."
        case _:
            return None


def _settings(error: ValidationError) -> str:
    faults = "; ".join(f"LABELLOOP_{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
    return f"{faults}. See docs/settings.md."
