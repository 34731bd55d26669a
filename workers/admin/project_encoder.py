"""The encoder of a project, compared with its texts as they are in Label Studio now."""

from collections.abc import Sequence
from dataclasses import replace

from labelloop.domain.field_texts import joint_inputs
from labelloop.domain.languages import languages
from labelloop.domain.long_texts import long_texts
from labelloop.domain.records import Fit
from labelloop.domain.schema import Field
from labelloop.steps.encoder_by_texts import EncoderSeen, look_at, spread
from sync.api.client import LabelStudio
from sync.codecs.region_codec import inputs_text
from workers.admin.change_rules import PlannedRules
from workers.jobs.app_context import AppContext

ASKED = 400
"""How many tasks are read, a hundred a request."""


def look_at_project(context: AppContext, project_id: int, planned: PlannedRules) -> EncoderSeen:
    """Return which encoder is due under the planned rules, and whether it suits the texts; only reads."""
    texts = texts_in_label_studio(context.label_studio, project_id, planned.fields)
    long = long_texts(texts, tokens=context.settings.encoder_max_tokens, windows=planned.rules.windows)
    fitted = context.book.ledger.newest(Fit, project_id) is not None
    seen = look_at(planned.rules, languages(texts), project_id, setting=context.settings.encoder, fitted=fitted)
    return replace(seen, long=long.sentence(project_id))


def texts_in_label_studio(label_studio: LabelStudio, project_id: int, fields: Sequence[Field]) -> list[str]:
    """Return some texts from all over a project in Label Studio."""
    ids = spread(sorted(label_studio.task_ids(project_id)), ASKED)
    batches = (ids[start : start + 100] for start in range(0, len(ids), 100))
    tasks = [task for batch in batches for task in label_studio.tasks(project_id, batch)]
    inputs = joint_inputs(fields)
    return [text for task in tasks if (text := inputs_text(inputs, task.data)).strip()]
