"""What Label Studio sends, as far as we read it; keys it adds are ignored."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

import structlog
from label_studio_sdk.core.api_error import ApiError
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from labelloop.errors import NeighbourError
from sync.api.json_shapes import as_integer

# Label Studio's annotations may have lost their author: the account was deleted.
NOBODY = 0
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""When a task that cannot be read last changed: so it is looked at again as often as it may have changed."""
UNREADABLE_ROW = "unreadable"
"""Under which key a row that lacks all but the task's id says why."""

_log = structlog.get_logger()


class Wire(BaseModel):
    """The base of everything that arrives, as JSON or as the SDK's object: frozen, unknown keys ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())


class WireUser(Wire):
    """The account that a token belongs to, or the author of an annotation."""

    id: int
    email: str = ""
    username: str = ""
    first_name: str | None = None
    last_name: str | None = None


class WireOrganization(Wire):
    """What an account is told of its organization: `email` is that of its owner."""

    title: str = ""
    email: str = ""


class WireAccount(WireUser):
    """An account as it sees itself."""

    active_organization_meta: WireOrganization | None = None

    @property
    def owner(self) -> str:
        """Return the e-mail address of the owner of the account's organization, empty where it is not told."""
        return self.active_organization_meta.email if self.active_organization_meta else ""


class WireProject(Wire):
    """A project and those of its settings that steer the loop."""

    id: int
    title: str = ""
    description: str | None = ""
    expert_instruction: str | None = ""
    show_instruction: bool = False
    label_config: str = "<View/>"
    model_version: str | None = None
    sampling: str | None = None
    show_collab_predictions: bool = True
    maximum_annotations: int = 1
    min_annotations_to_start_training: int = 0
    total_annotations_number: int | None = None
    created_at: datetime | None = None


class WirePrediction(Wire):
    """A stored prediction of one task."""

    id: int
    result: list[object] = Field(default_factory=list)
    score: float | None = None
    model_version: str | None = None

    @field_validator("result", mode="before")
    @classmethod
    def _regions(cls, given: object) -> object:
        """Return the regions; Label Studio stores null for a prediction that came with an object or a text."""
        return given if isinstance(given, list) else []


class WireAnnotation(Wire):
    """One annotation; `result` holds its regions as they were sent, unchecked by Label Studio.

    `result` is None where none was sent: a skip or an annotation that a program made. `updated_by` is None for what no
    person saved: rows of an import and "Create annotations from predictions".
    """

    id: int
    completed_by: int | WireUser | None = None
    updated_by: int | WireUser | None = None
    result: list[object] | None = Field(default_factory=list)
    was_cancelled: bool = False
    ground_truth: bool = False
    parent_prediction: int | None = None
    created_at: datetime
    updated_at: datetime
    lead_time: float | None = None

    @property
    def regions(self) -> list[object]:
        """Return the regions, none where no result was sent."""
        return self.result or []

    @property
    def annotator_id(self) -> int:
        """Return the author's user id, `NOBODY` where Label Studio no longer knows."""
        match self.completed_by:
            case WireUser(id=user):
                return user
            case None:
                return NOBODY
            case user:
                return user


class WireTask(Wire):
    """One task with everything that hangs on it; drafts are left out on purpose.

    `unreadable` is the reason why nothing else of the task could be read, empty where all could.
    """

    id: int
    data: dict[str, object] = Field(default_factory=dict)
    annotations: list[WireAnnotation] = Field(default_factory=list)
    predictions: list[WirePrediction] = Field(default_factory=list)
    updated_at: datetime
    overlap: int = 1
    is_labeled: bool = False
    meta: object = None
    unreadable: str = ""

    @field_validator("predictions", mode="before")
    @classmethod
    def _readable(cls, given: object) -> object:
        """Return the predictions that can be read: they only tell what people were shown, so one less does no harm."""
        return [one for one in given if _can_be_read(one)] if isinstance(given, list) else []


class WireStamp(Wire):
    """When a task, or anything on it, last changed."""

    id: int
    updated_at: datetime


class WireBackend(Wire):
    """An ML backend row; `state` is CO(nnected), DI(sconnected), ER(ror), TR(aining) or PR(edicting)."""

    id: int
    url: str
    title: str | None = None
    state: str = ""
    readable_state: str = ""
    error_message: str | None = None
    auth_method: str | None = None
    basic_auth_user: str | None = None
    model_version: str | None = None


class WireWebhook(Wire):
    """A webhook of one project; an empty `actions` with `send_for_all_actions` false is a silent hook."""

    id: int
    project: int | None = None
    url: str
    headers: dict[str, str] = Field(default_factory=dict)
    actions: list[str] = Field(default_factory=list)
    send_payload: bool = True
    send_for_all_actions: bool = True
    is_active: bool = True


Model = TypeVar("Model", bound=Wire)


def read(model: type[Model], answer: object) -> Model:
    """Return JSON, or an object of the SDK, as our model.

    The SDK checks nothing of what it reads: raises NeighbourError for what Label Studio 1.23 would not send.
    """
    given = answer.model_dump(exclude_unset=True) if isinstance(answer, BaseModel) else answer
    try:
        return model.model_validate(given)
    except ValidationError as error:
        places = {".".join(map(str, one["loc"])) or "everything" for one in error.errors(include_input=False)}
        raise _not_understood(model, sorted(places)) from None


def read_task(row: Mapping[str, object]) -> WireTask:
    """Return the task of a row; one that is not as Label Studio 1.23 sends it, or lacks all but its id, is left out."""
    try:
        return WireTask.model_validate(row)
    except ValidationError as error:
        places = sorted({".".join(map(str, one["loc"])) for one in error.errors(include_input=False)})
        what = f"Label Studio's answer about it cannot be read ({', '.join(places[:5])})"
        reason = str(row.get(UNREADABLE_ROW) or what)
    _log.warning("task_left_out", task=row.get("id"), reason=reason)
    return WireTask(id=as_integer(row.get("id")), updated_at=NEVER, unreadable=reason)


def _can_be_read(prediction: object) -> bool:
    try:
        WirePrediction.model_validate(prediction)
    except ValidationError:
        return False
    return True


def from_sdk(model: type[Model], method: Callable[..., object], *arguments: object, **settings: object) -> Model:
    """Return what a method of the SDK answers as our model; raises as `read`, also where the SDK itself stumbles."""
    try:
        answer = method(*arguments, **settings)
    except (TypeError, ApiError) as error:
        raise _not_understood(model, ["everything"]) from error
    return read(model, answer)


def _not_understood(model: type[Wire], places: list[str]) -> NeighbourError:
    return NeighbourError(
        f"Label Studio's answer is not understood ({model.__name__}: {', '.join(places[:5])}). "
        "Is it Label Studio 1.23, and is LABELLOOP_LABEL_STUDIO_URL right?"
    )
