"""Roles: drawn uniformly by a seeded hash, fixed once drawn, shared by all copies of a text."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelloop.domain.roles import draw_roles
from labelloop.domain.tasks import Role, Task, fingerprint


def pool(n: int, start: int = 1) -> list[Task]:
    return [Task(i, f"text {i}") for i in range(start, start + n)]


def monitor(roles: dict[int, Role]) -> set[int]:
    return {task for task, role in roles.items() if role is Role.MONITOR}


def test_audit_tasks_are_drawn_uniformly() -> None:
    """Over many seeds every task is drawn about equally often: chi-square within its 99.9 % bounds."""
    tasks, draws = pool(60), 600
    drawn = Counter(t for seed in range(draws) for t in monitor(draw_roles(tasks, {}, (), seed=seed, planned=15)))
    expected = draws * 15 / 60
    # Drawing without replacement shrinks the statistic by the share not drawn; 59 degrees of freedom.
    statistic = sum((drawn[t.id] - expected) ** 2 / expected for t in tasks) / (1 - 15 / 60) * 59 / 60
    assert 30 < statistic < 98


@given(st.permutations(list(range(1, 41))), st.integers(0, 2**63))
@settings(max_examples=30)
def test_the_draw_depends_on_the_seed_only(order: list[int], seed: int) -> None:
    """The same tasks in any order get the same roles, each exactly one."""
    straight = draw_roles(pool(40), {}, (), seed=seed, planned=10)
    assert draw_roles([Task(i, f"text {i}") for i in order], {}, (), seed=seed, planned=10) == straight
    assert len(straight) == 40
    assert len(monitor(straight)) == 10


@given(st.lists(st.integers(1, 60), min_size=1, max_size=6), st.integers(1, 40), st.integers(0, 99))
@settings(max_examples=50)
def test_later_imports_top_the_audit_set_up(sizes: list[int], planned: int, seed: int) -> None:
    """After every import there are as many audit tasks as planned, or a quarter of the pool; roles never change."""
    tasks: list[Task] = []
    roles: dict[int, Role] = {}
    for size in sizes:
        tasks += pool(size, start=len(tasks) + 1)
        drawn = draw_roles(tasks, roles, (), seed=seed, planned=planned)
        assert not drawn.keys() & roles.keys()
        roles |= drawn
        assert len(roles) == len(tasks)
        assert len(monitor(roles)) <= min(planned, len(tasks) // 4)
    if len(sizes) == 1 or sizes[-1] >= planned:
        assert len(monitor(roles)) == min(planned, len(tasks) // 4)
    assert draw_roles(tasks, roles, (), seed=seed, planned=planned) == {}


def test_a_larger_plan_keeps_the_audit_tasks_and_takes_only_new_tasks() -> None:
    """A task that a model may have seen is never made an audit task afterwards."""
    first = draw_roles(pool(400), {}, (), seed=1, planned=20)
    second = draw_roles(pool(800), first, (), seed=1, planned=60)
    assert len(monitor(first)) == 20
    assert len(monitor(second)) == 40
    assert min(monitor(second)) > 400


def test_deleted_audit_tasks_are_made_up_for_by_later_imports() -> None:
    """The planned size counts the audit tasks that still exist."""
    roles = draw_roles(pool(80), {}, (), seed=1, planned=20)
    left = [task for task in pool(80) if task.id not in monitor(roles)] + pool(80, start=81)
    assert len(monitor(draw_roles(left, roles, (), seed=1, planned=20))) == 20


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Where is my card?", "where  is MY\ncard? "),
        ("ＣＡＲＤ １２", "card 12"),
        ("café", "cafe\u0301"),
        ("Straße", "STRASSE"),
        ("我的卡　在哪里", "我的卡 在哪里"),
    ],
)
def test_texts_that_read_the_same_have_one_fingerprint(one: str, other: str) -> None:
    """Case, Unicode form, width and white space do not tell texts apart; words do."""
    assert fingerprint(one) == fingerprint(other) != fingerprint(one + " x")


def test_copies_of_a_text_share_one_role() -> None:
    """No copy of an audit task is ever trained on, in the same import or a later one."""
    twice = [Task(i, f"Text {i % 50}" if i % 2 else f"  text  {i % 50}") for i in range(1, 101)]
    for seed in range(20):
        roles = draw_roles(twice, {}, (), seed=seed, planned=20)
        more = [Task(200 + i, f"TEXT {i}") for i in range(50)]
        roles |= draw_roles([*twice, *more], roles, (), seed=seed, planned=20)
        by_text: dict[str, set[Role]] = {}
        for task in [*twice, *more]:
            by_text.setdefault(task.fingerprint, set()).add(roles[task.id])
        assert all(len(found) == 1 for found in by_text.values())


def test_one_text_that_fills_the_pool_does_not_fill_the_audit_set() -> None:
    """A text with more copies than places are left is passed over, so that a quarter stays the most."""
    tasks = [Task(i, "the same" if i <= 60 else f"text {i}") for i in range(1, 101)]
    for seed in range(10):
        drawn = monitor(draw_roles(tasks, {}, (), seed=seed, planned=100))
        assert len(drawn) == 25
        assert not drawn & set(range(1, 61))


@given(st.sets(st.integers(1, 60)), st.sets(st.integers(1, 60)), st.integers(0, 99))
@settings(max_examples=50)
def test_judged_and_empty_tasks_are_never_audit_tasks(judged: set[int], empty: set[int], seed: int) -> None:
    """Nobody can judge blind what was judged before, nor what has no text."""
    tasks = [Task(i, " \n" if i in empty else f"text {i}") for i in range(1, 61)]
    drawn = monitor(draw_roles(tasks, {}, judged, seed=seed, planned=15))
    assert not drawn & (judged | empty)
    assert len(drawn) == min(15, 60 - len(judged | empty))
