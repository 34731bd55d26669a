"""Large requests take turns, so that all of them together fit into memory."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event, Semaphore

import pytest
from flask import Flask

from ml_backend.large_requests import AT_ONCE, LARGE, limit_large_requests


@pytest.mark.parametrize("fails", [False, True])
def test_a_large_request_too_many_is_told_to_come_back(fails: bool) -> None:
    """Nobody waits in a thread, small ones are answered, and a turn is given back whatever became of it."""
    app, inside, go_on = Flask(__name__), Semaphore(0), Event()
    limit_large_requests(app)

    @app.post("/slow")
    def slow() -> str:
        inside.release()
        assert go_on.wait(60)
        if fails:
            raise ValueError
        return ""

    @app.post("/")
    def quick() -> str:
        return ""

    def post(path: str, size: int) -> int:
        return app.test_client().post(path, data=b"x" * size).status_code

    with ThreadPoolExecutor(AT_ONCE) as requests:
        under_way = [requests.submit(post, "/slow", LARGE) for _ in range(AT_ONCE)]
        assert all(inside.acquire(timeout=60) for _ in range(AT_ONCE))
        assert (post("/", LARGE), post("/", LARGE - 1)) == (503, 200)
        go_on.set()
    assert [one.result() for one in under_way] == [500 if fails else 200] * AT_ONCE
    assert post("/", LARGE) == 200
