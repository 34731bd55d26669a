"""Which stack of services runs in this folder, if any: one at a time, and commands say whom they speak to."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from labelloop.errors import UserError
from labelloop.file_lock import file_lock

LOCAL_ENV = Path(".labelloop/local.env")
LOCK = Path(".labelloop/stack.lock")
USUAL = Path(".labelloop/up")
KEPT = "local.json"
"""In a stack's folder: what stays the same from one start to the next."""


@contextmanager
def only_stack(directory: Path) -> Iterator[None]:
    """Hold this folder and the stack's own for the block; raises UserError where another stack has one of them.

    Two of them would share one ledger and one `local.env`, and commands would speak to the one that started last.
    """
    here, data = LOCK.resolve(), directory.resolve()
    taken = {
        here: f"A stack runs already in this folder, {Path.cwd()} ({described() or f'data in {data}'}). Use it, or "
        "stop it with Ctrl-C where it runs; for a second one beside it change to another folder.",
        data.with_name(f"{data.name}.lock"): f"A stack that was started in another folder runs already on the data in "
        f"{data}. Use it there, or stop it with Ctrl-C where it runs; for a second one name another --directory.",
    }
    with ExitStack() as locks:
        for path, refusal in taken.items():
            if not locks.enter_context(file_lock(path, wait=False)):
                raise UserError(refusal)
        yield


def described() -> str:
    """Return the data folder and the Label Studio of the stack that left its settings here, empty if none did."""
    told = _settings()
    url = told.get("LABELLOOP_LABEL_STUDIO_URL")
    return f"data in {told.get('LABELLOOP_DATA_DIR')}, Label Studio at {url}" if url else ""


def spoken_to() -> str:
    """Return a sentence about the stack that commands in this folder speak to, empty where that is the usual one.

    Raises UserError where nothing runs here and no settings say where else.
    """
    if LOCAL_ENV.exists():
        if not _is_held(LOCK):
            return (
                f"The stack of this folder ({described()}) was cut off: start it again with `labelloop {_starter()}`."
            )
        data = os.environ.get("LABELLOOP_DATA_DIR") or _settings().get("LABELLOOP_DATA_DIR", "")
        return "" if Path(data).resolve() == USUAL.resolve() else f"Speaking to the stack with {described()}."
    if any(name.startswith("LABELLOOP_") for name in os.environ) or Path(".env").exists():
        return ""
    if _is_held(LOCK):
        raise UserError("A stack is starting in this folder: try again when it says how to log in.")
    known = sorted(str(kept.parent) for kept in LOCAL_ENV.parent.glob(f"*/{KEPT}"))
    if known:
        raise UserError(
            f"Nothing runs in this folder now; its data are in {', '.join(known)}. Start it with `labelloop "
            f"{'up' if str(USUAL) in known else 'demo'}`, then try again in another terminal."
        )
    raise UserError(
        "Nothing runs in this folder, and no settings say where else. Start everything here with `labelloop up`, "
        "change to the folder where it runs, or set LABELLOOP_* in the environment or in .env (docs/settings.md)."
    )


def _settings() -> dict[str, str]:
    if not LOCAL_ENV.exists():
        return {}
    pairs = (line.partition("=") for line in LOCAL_ENV.read_text("utf-8").splitlines())
    return {name: value.strip('"') for name, _, value in pairs}


def _starter() -> str:
    return "demo" if "demo" in Path(_settings().get("LABELLOOP_DATA_DIR", "")).name else "up"


def _is_held(path: Path) -> bool:
    if not path.exists():
        return False
    with file_lock(path, wait=False) as free:
        return not free
