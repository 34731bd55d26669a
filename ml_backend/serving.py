"""Which version answers: one background thread follows the ledger, loads, warms, and swaps."""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from math import isfinite
from threading import Event, Thread

import structlog

from labelloop.deadline import answer_within
from labelloop.domain.records import Fit
from labelloop.errors import BrokenPromise, LabelLoopError, NotConnected
from labelloop.learners.base import Model
from labelloop.state.deployed_fields import DeployedFields, deployed_fields
from labelloop.stores.ledger import Ledger
from ml_backend.announcements import Announcements
from ml_backend.snapshot import Loaded, Snapshot
from workers.jobs.signs_of_life import Unloadable

RETRY_S = 30.0
NOT_LOADED = "(not loaded)"
FIRST_LOOK_S = 20.0
WARM_WITHIN_S = 10.0  # for models that ask a neighbour: other projects' news wait meanwhile
log = structlog.get_logger()


class Serving:
    """The snapshots of all connected projects; reading one is a dictionary look-up and never waits."""

    def __init__(
        self,
        ledger: Ledger,
        load: Callable[[Fit], Model],
        announcements: Announcements,
        *,
        refresh_s: float,
        tell: Callable[[int, Unloadable | None], None] = lambda *_: None,
    ) -> None:
        self._ledger, self._load, self._announcements, self._refresh_s = ledger, load, announcements, refresh_s
        self._tell = tell
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
        """Look at the ledger until told to stop, at each announcement and every `refresh_s`."""
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
        """Bring one project's snapshot up to date, loading its deployed version if that is new."""
        deployed = deployed_fields(self._ledger, project_id)
        if deployed is None:
            self._snapshots.pop(project_id, None)
            return
        held = self._snapshots.get(project_id, Snapshot(project_id))
        news = held.with_news(deployed, self._ledger)
        if project_id not in self._snapshots:  # so that the name is right while the model is being loaded
            self._snapshots[project_id] = news
        known = {one.version: one for one in held.loaded}
        loaded = [known.get(fit.version) or self._loaded(deployed, fit) for fit in deployed.fits]
        if None not in loaded:
            self._unloadable.pop(project_id, None)
            self._snapshots[project_id] = replace(news, loaded=tuple(one for one in loaded if one))
            if new := [fit.version for fit in deployed.fits if fit.version not in known]:
                log.info("swapped", project=project_id, version="+".join(new), name=news.name)
        else:  # the old versions go on answering, under their own name; else nothing does, which the name says
            name = held.name if held.loaded else f"{news.name} {NOT_LOADED}"
            self._snapshots[project_id] = replace(news, name=name)

    def _loaded(self, deployed: DeployedFields, fit: Fit) -> Loaded | None:
        """Return the fitted model, warmed; None where it cannot be loaded, which is tried again after `RETRY_S`."""
        version, tried_at = self._unloadable.get(fit.project_id, ("", 0.0))
        if version == fit.version and time.monotonic() - tried_at < RETRY_S:
            return None
        try:
            loaded = Loaded(fit.version, deployed.fitted_field(fit), _warmed(self._load(fit)))
        except Exception as error:
            log.exception("version_not_loaded", project=fit.project_id, version=fit.version, learner=fit.learner)
            self._unloadable[fit.project_id] = fit.version, time.monotonic()
            self._tell(fit.project_id, Unloadable(fit.version, _in_short(error)))
            return None
        self._unloadable.pop(fit.project_id, None)
        self._tell(fit.project_id, None)
        return loaded


def _in_short(error: Exception) -> str:
    return str(error) if isinstance(error, LabelLoopError) else f"{type(error).__name__} ({str(error)[:200]})"


def _warmed(model: Model) -> Model:
    """Return the model after it answered once; raises BrokenPromise where the answer has the wrong shape."""
    with answer_within(WARM_WITHIN_S):
        answers = model.predict(["warm"])
    if len(answers) != 1 or not isfinite(answers[0].confidence):
        raise BrokenPromise("The model does not answer as a model must: one answer per text, of finite confidence.")
    return model
