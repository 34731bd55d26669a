"""Which version answers: one background thread follows the ledger, loads, warms, and swaps."""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from math import isfinite
from threading import Event, Thread

import structlog

from labelloop.domain.records import Fit
from labelloop.errors import BrokenPromise, NotConnected
from labelloop.learners.base import Model
from labelloop.patience import answer_within
from labelloop.stores.ledger import Ledger
from ml_backend.announcements import Announcements
from ml_backend.snapshot import Loaded, Snapshot, fitted_field, is_connected

RETRY_S = 30.0
FIRST_LOOK_S = 20.0
WARM_WITHIN_S = 10.0  # for models that ask a neighbour: other projects' news wait meanwhile
log = structlog.get_logger()


class Serving:
    """The snapshots of all connected projects; reading one is a dictionary look-up and never waits."""

    def __init__(
        self, ledger: Ledger, load: Callable[[Fit], Model], announcements: Announcements, *, refresh_s: float
    ) -> None:
        self._ledger, self._load, self._announcements, self._refresh_s = ledger, load, announcements, refresh_s
        self._snapshots: dict[int, Snapshot] = {}
        self._unloadable: dict[int, tuple[str, float]] = {}
        self._stop, self._looked = Event(), Event()
        self._thread = Thread(target=self._follow, name="labelloop-serving", daemon=True)

    def snapshot(self, project_id: int) -> Snapshot:
        """Return what the project answers with now; raises NotConnected."""
        found = self._snapshots.get(project_id)
        if found is None:
            raise NotConnected(project_id)
        return found

    def snapshots(self) -> Iterable[Snapshot]:
        """Return what every connected project answers with now."""
        return tuple(self._snapshots.values())

    def unloadable(self) -> dict[int, str]:
        """Return, by project, the deployed version that could not be loaded here."""
        return {project: version for project, (version, _) in list(self._unloadable.items())}

    def start(self) -> None:
        """Begin to follow the ledger; return after the first look, or after 20 s if loading takes longer."""
        self._thread.start()
        self._looked.wait(FIRST_LOOK_S)

    def close(self) -> None:
        """Stop following the ledger."""
        self._stop.set()
        self._thread.join()

    def _follow(self) -> None:
        while not self._stop.is_set():
            self.refresh()
            self._looked.set()
            self._announcements.wait(self._refresh_s, self._stop)
        self._announcements.close()

    def refresh(self) -> None:
        """Look at the ledger once; whatever fails is logged and leaves the answers as they are."""
        try:
            projects = self._ledger.projects()
        except Exception:
            log.exception("ledger_unreadable")
            return
        for project_id in projects:
            try:
                self._refresh(project_id)
            except Exception:
                log.exception("refresh_failed", project=project_id)

    def _refresh(self, project_id: int) -> None:
        if not is_connected(self._ledger, project_id):
            self._snapshots.pop(project_id, None)
            return
        held = self._snapshots.get(project_id, Snapshot(project_id))
        news, fit = held.with_news(self._ledger)
        if project_id not in self._snapshots:  # so that the name is right while the model is being loaded
            self._snapshots[project_id] = news
        if fit is None or self._holds(held, fit):
            self._unloadable.pop(project_id, None)
            self._snapshots[project_id] = news
        elif loaded := self._loaded(fit):
            self._snapshots[project_id] = replace(news, loaded=loaded)
            log.info("swapped", project=project_id, version=loaded.version, name=news.name)
        else:  # the old version goes on answering, under its own name
            self._snapshots[project_id] = replace(news, name=held.name if held.loaded else news.name)

    @staticmethod
    def _holds(held: Snapshot, fit: Fit) -> bool:
        return held.loaded is not None and held.loaded.version == fit.version

    def _loaded(self, fit: Fit) -> Loaded | None:
        version, tried_at = self._unloadable.get(fit.project_id, ("", 0.0))
        if version == fit.version and time.monotonic() - tried_at < RETRY_S:
            return None
        try:
            loaded = Loaded(fit.version, fitted_field(self._ledger, fit), _warmed(self._load(fit)))
        except Exception:
            log.exception("version_not_loaded", project=fit.project_id, version=fit.version, learner=fit.learner)
            self._unloadable[fit.project_id] = fit.version, time.monotonic()
            return None
        self._unloadable.pop(fit.project_id, None)
        return loaded


def _warmed(model: Model) -> Model:
    """Return the model after it answered once; raises BrokenPromise where the answer has the wrong shape."""
    with answer_within(WARM_WITHIN_S):
        answers = model.answer(["warm"])
    if len(answers) != 1 or not isfinite(answers[0].confidence):
        raise BrokenPromise("The model does not answer as a model must: one answer per text, of finite confidence.")
    return model
