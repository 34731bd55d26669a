"""What Label Studio sends, as far as we read it; keys it adds are ignored."""

from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from labelloop.errors import NeighbourError

# Label Studio's annotations may have lost their author: the account was deleted.
NOBODY = 0


class Wire(BaseModel):
    """The base of everything that arrives: frozen, unknown keys ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())


class WireUser(Wire):
    """The account that a token belongs to, or the author of an annotation."""

    id: int
    email: str = ""
    username: str = ""


class WireProject(Wire):
    """A project and those of its settings that steer the loop."""

    id: int
    title: str = ""
    label_config: str = "<View/>"
    model_version: str | None = None
    sampling: str | None = None
    show_collab_predictions: bool = True
    maximum_annotations: int = 1
    min_annotations_to_start_training: int = 0
    task_number: int | None = None
    num_tasks_with_annotations: int | None = None
    total_annotations_number: int | None = None
    created_at: datetime | None = None


class WirePrediction(Wire):
    """A stored prediction of one task."""

    id: int
    result: list[object] = Field(default_factory=list)
    score: float | None = None
    model_version: str | None = None


class WireAnnotation(Wire):
    """One annotation; `result` holds its regions as they were sent, unchecked by Label Studio.

    `updated_by` is None for what no person saved: rows of an import and "Create annotations from predictions".
    """

    id: int
    completed_by: int | WireUser | None = None
    updated_by: int | WireUser | None = None
    result: list[object] = Field(default_factory=list)
    was_cancelled: bool = False
    ground_truth: bool = False
    parent_prediction: int | None = None
    created_at: datetime
    updated_at: datetime
    lead_time: float | None = None
    last_action: str | None = None
    import_id: int | None = None

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
    """One task with everything that hangs on it; drafts are left out on purpose."""

    id: int
    data: dict[str, object] = Field(default_factory=dict)
    annotations: list[WireAnnotation] = Field(default_factory=list)
    predictions: list[WirePrediction] = Field(default_factory=list)
    updated_at: datetime
    overlap: int = 1
    is_labeled: bool = False


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


Answer = TypeVar("Answer", bound=Wire)


def read(model: type[Answer], answer: object) -> Answer:
    """Return the answer as our model; raises NeighbourError where Label Studio sends something else than 1.23 does."""
    try:
        return model.model_validate(answer)
    except ValidationError as error:
        wrong = sorted(
            {".".join(map(str, fault["loc"])) or "everything" for fault in error.errors(include_input=False)}
        )
        raise NeighbourError(
            f"Label Studio's answer is not understood ({model.__name__}: {', '.join(wrong[:5])}). "
            "Is it Label Studio 1.23, and is LABELLOOP_LABEL_STUDIO_URL right?"
        ) from None
