"""Work that is done again and again beside other work, which it never delays."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def repeated_beside(work: Callable[[], None], every_s: float) -> Iterator[None]:
    """Do it at once and then every `every_s` seconds, in a thread beside the block; nothing new is begun after it.

    Work raises nothing: whatever goes wrong is logged by it, and tried again the next time.
    """
    over = threading.Event()

    def repeat() -> None:
        work()
        while not over.wait(every_s):
            work()

    threading.Thread(target=repeat, name="labelloop-beside", daemon=True).start()
    try:
        yield
    finally:
        over.set()
