"""Predictions leave threads free for all else: Label Studio asks /health on every page load and waits one second."""

from flask import Flask, Response, g, request

from ml_backend.responses import refusal
from ml_backend.turns import Turns

SPARE = 4
"""Threads beyond those that predict: half of them for requests that wait to be predicted, half for everything else."""
WAIT_S = 0.5


def limit_predictions(app: Flask, at_once: int) -> None:
    """Answer 503 to a /predict while `at_once` others are being answered and none ends within `WAIT_S` seconds.

    Slow ones, of a model that asks a neighbour, would else hold every thread, and Label Studio take the backend for
    dead.
    """
    turns = Turns(at_once, may_wait=SPARE // 2, wait_s=WAIT_S)

    @app.before_request
    def take_turns() -> Response | None:
        if request.path != "/predict":
            return None
        if turns.take():
            g.predicts = True
            return None
        answer = refusal(503, "All threads of the ML backend are predicting: try again, or raise LABELLOOP_THREADS.")
        answer.headers["Retry-After"] = "5"
        return answer

    @app.teardown_request
    def give_turn_back(_: BaseException | None) -> None:
        if g.pop("predicts", False):
            turns.give_back()
