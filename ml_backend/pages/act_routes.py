"""What leads may have done to a project, each by an address that asks first (GET), and then does it (POST)."""

from importlib import import_module

from flask import Blueprint, g, redirect, url_for
from flask.typing import ResponseReturnValue

from ml_backend.auth import PAGES
from ml_backend.pages.desk import Desk
from ml_backend.pages.sure_question import Act, answered, ask

ACTS = {
    "train": ("train", "train_act:TRAIN"),
    "abandon_certify": ("certify/abandon", "release_acts:ABANDON_CERTIFY"),
    "order_release": ("release/order", "release_acts:ORDER"),
    "people_release": ("release/people", "release_acts:PEOPLE"),
    "abandon_release": ("release/abandon", "release_acts:ABANDON"),
    "disconnect": ("disconnect", "disconnect_act:DISCONNECT"),
}
"""By the name of its endpoint: the end of its address, and where it is described."""


def add_acts(pages: Blueprint, desk: Desk) -> None:
    """Add the routes."""
    for name, (path, place) in ACTS.items():
        _add(pages, desk, name, path, place)


def _add(pages: Blueprint, desk: Desk, name: str, path: str, place: str) -> None:
    address = f"/projects/<int:project>/{path}"

    @pages.get(address, endpoint=name)
    def question(project: int) -> ResponseReturnValue:
        g.project = project
        return ask(desk, project, _act(place))

    @pages.post(address, endpoint=f"do_{name}")
    def do(project: int) -> ResponseReturnValue:
        g.project = project
        act = _act(place)
        return answered(desk, project, act) or redirect(url_for(f"{PAGES}.{act.back}", project=project), 303)


def _act(place: str) -> Act:
    """Return what is described in a module of this package, which is loaded when it is first asked for."""
    module, _, name = place.partition(":")
    found = getattr(import_module(f"ml_backend.pages.{module}"), name)
    assert isinstance(found, Act)
    return found
