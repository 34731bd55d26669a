"""A release of a field under a condition: no label stands beside one of its parent that contradicts it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from labelloop.domain.conditions import Condition, Requirement
from labelloop.domain.release_labels import NO_ANSWER, NOT_ASKED, NOT_KNOWN
from labelloop.domain.unanswered import Unanswered
from labelloop.domain.values import Choice, Value
from labelloop.export.form_facts import FormFacts, read_released
from labelloop.steps.people_release import write_people_release
from tests.core.form import REPLY, RULES, Form
from tests.core.made_up import FIELD

WHY = replace(REPLY, name="why", labels=("late", "rude"), condition=Condition((Requirement(("mood",), ("bad",)),)))
BAD, GOOD, LATE = Choice("bad"), Choice("good"), Choice("late")


class Asked(Form):
    """A form that asks why only where the mood is bad."""

    def judge_so(self, task: int, *answers: tuple[Value, Value | Unanswered]) -> None:
        """Let each person say a mood, and why or the reason for silence."""
        for person, (mood, why) in enumerate(answers, 1):
            said: Mapping[str, Value | None] = {"mood": mood, "why": None if isinstance(why, Unanswered) else why}
            self.say_all(task, person, said)
            if isinstance(why, Unanswered):
                state = self.states[task]
                last = replace(state.annotations[-1], unanswered=why)
                self.states[task] = replace(state, annotations=(*state.annotations[:-1], last))
                self.view.mirror.put([self.states[task]])


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    """Ten tasks of which nothing is said."""
    made = Asked(tmp_path, RULES)
    made.change_fields(FIELD, WHY)
    made.import_tasks(range(1, 11))
    return made


def test_a_childs_label_is_released_where_the_settled_parent_asks_for_it(asked: Asked) -> None:
    """Where it does not, or nobody can tell, the row says why it has none."""
    silent = Unanswered.NOT_ASKED
    asked.judge_so(1, (BAD, LATE))
    asked.judge_so(2, (GOOD, silent))
    asked.judge_so(3, (BAD, LATE), (GOOD, silent), (GOOD, silent))
    asked.judge_so(4, (BAD, LATE), (GOOD, silent))
    asked.judge_so(5, (BAD, Unanswered.EMPTY))
    write_people_release(*asked.view.now())
    facts = read_released(*asked.view.now())
    assert isinstance(facts, FormFacts)
    rows = {task.task_id: task for task in facts.tasks}
    assert {id_: str(row.labels["why"].value) for id_, row in rows.items() if "why" in row.labels} == {1: "late"}
    assert {id_: row.missing.get("why") for id_, row in rows.items()} == {
        1: None,
        2: NOT_ASKED,
        3: NOT_ASKED,
        5: NO_ANSWER,
    }
    assert facts.left_out["why"][NOT_KNOWN] == 1, "of the fourth neither is settled: it has no row"
