"""Order the head of the queue: TRAIN tasks by their worth, audit tasks hidden among them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from labelloop.domain.field_need import FieldRanking, chosen_by_need, weight
from labelloop.domain.lookup import matching
from labelloop.domain.moments import moment_after
from labelloop.domain.next_step import Phase
from labelloop.domain.people_needed import people_needed
from labelloop.domain.predictions import Prediction
from labelloop.domain.queue import QueueItem, at_share, interleave, ranked
from labelloop.domain.records import Publication
from labelloop.domain.task_index import open_certify, open_monitor, open_train
from labelloop.domain.tasks import Role
from labelloop.learners.base import ModelContext
from labelloop.state.project_state import ProjectState
from labelloop.state.release_parts import release_parts
from labelloop.steps.choices_by_field import choices_by_field, shown_by_field
from labelloop.steps.field_choice import FieldChoice, shown_predictions, wanted_tasks
from labelloop.steps.gold_tasks import chosen_gold
from labelloop.stores.book import Book
from labelloop.stores.queue_file import QUEUE_FILE, write_queue
from labelloop.stores.queue_order import ORDER_FILE, write_order


@dataclass(frozen=True, slots=True)
class QueueHead:
    """The next tasks for people, ready to be pushed under the publication's name.

    `again` are those put back to be judged anew, each with how many people must judge it in all; `gold` the settled
    audit tasks that one more person is asked about, to check them.
    """

    publication: Publication
    items: tuple[QueueItem, ...]
    again: tuple[tuple[int, int], ...] = ()
    gold: frozenset[int] = frozenset()


def order_queue(
    book: Book, state: ProjectState, *, context: ModelContext, again: Iterable[int] = ()
) -> QueueHead | None:
    """Return the head of the queue by the deployed versions, None if people have nothing left to judge.

    Between rounds the tasks that are to be judged anew come first, and blind: those that the publication before put
    back and that are not finished, then those of `again`.
    While an attempt to certify is open these are its tasks alone, blind; during a release, the tasks the model may not
    label, the least certain first.
    """
    phase, put_back, gold = state.phase, dict[int, int](), list[int]()
    rng = np.random.default_rng([state.rules.seed, state.id, len(state.publications)])
    match phase:
        case Phase.ROUNDS:
            put_back = _put_back(book, state, again)
            first = list(put_back)
            items = ranked(first, {})
            if not state.is_released:
                gold = chosen_gold(book, state)
                items = _between_rounds(book, state, first, gold, rng, context=context)
        case Phase.CERTIFY:
            drawn = np.array(open_certify(state.tasks), dtype=np.int64)
            items = ranked(rng.permutation(drawn).tolist(), {})
        case Phase.RELEASE:
            items = _left_to_people(book, state)
    if not items:
        return None
    checks = frozenset(gold).intersection(item.task_id for item in items)
    return QueueHead(_publication(state, items, put_back), tuple(items), tuple(put_back.items()), checks)


def record_publication(book: Book, state: ProjectState, head: QueueHead) -> bool:
    """Record that the head of the queue now stands in the labelling tool; False if another worker was first."""
    put_back = dict(head.again)
    names = [one.field.name for one in state.fields]
    files = {QUEUE_FILE: write_queue(head.items, put_back, names), ORDER_FILE: write_order(head.items, put_back)}
    parents = tuple(one.deployed.artifact for one in state.fields if one.deployed)
    return book.record(head.publication, f"publication-{head.publication.name}", files, parents)


def _put_back(book: Book, state: ProjectState, again: Iterable[int]) -> dict[int, int]:
    """Return the tasks that are to be judged anew, each with how many people it takes in all."""
    known = dict(state.queue.people_needed) if state.queue else {}
    new = [task_id for task_id in again if task_id not in known]
    annotations = book.mirror(state.id).annotations_of_all_fields(new) if new else []
    return known | people_needed(dict.fromkeys(new, 0), annotations)


def _between_rounds(
    book: Book,
    state: ProjectState,
    first: list[int],
    gold: Sequence[int],
    rng: np.random.Generator,
    *,
    context: ModelContext,
) -> list[QueueItem]:
    rules = state.rules
    train, audit = open_train(state.tasks), open_monitor(state.tasks, rules.monitor_people)
    if not train and not audit:
        return ranked(first, {})
    fields = choices_by_field(book, state, train, rng, context=context)
    chosen_for = _chosen(state, fields)
    chosen = list(chosen_for)
    last_of_all = len(chosen) == len(train)
    share = max(rules.monitor_share, len(audit) / (len(train) + len(audit))) if last_of_all else rules.monitor_share
    order = interleave(chosen, _audit_head(state, audit, len(chosen), share, rng), share, rng)
    order = interleave(order, gold[: at_share(rules.gold, len(order))], rules.gold, rng)
    shown = shown_by_field(book, fields, chosen) if rules.pre_annotate else {}
    return ranked([*first, *order], shown, chosen_for if len(fields) > 1 else None)


def _chosen(state: ProjectState, fields: Sequence[FieldChoice]) -> Mapping[int, str]:
    """Return the TRAIN tasks to be labelled next, in their order, each with the field it was chosen for."""
    if len(fields) == 1:
        return dict.fromkeys(fields[0].order, state.field.name)
    rankings = [FieldRanking(one.state.field.name, one.order, _weight(one.state)) for one in fields]
    return chosen_by_need(rankings, max(len(one.order) for one in fields))


def _weight(state: ProjectState) -> float:
    verdicts = state.looped.verdicts
    outcome = verdicts[-1].outcome if verdicts else ""
    return weight(outcome, has_model=state.deployed is not None, rounds=len(state.rounds))


def _left_to_people(book: Book, state: ProjectState) -> list[QueueItem]:
    """Return the tasks that wait for a person, those first of which a field that they wait for is least certain."""
    roles, margins = state.tasks.roles, defaultdict[int, list[float]](list)
    said: dict[str, dict[int, Prediction]] = {one.field.name: {} for one in state.fields}
    for parts in release_parts(book, state):
        for part in parts:
            for id_ in part.finished.waiting:
                margins[id_] += [part.answers[id_].margin] if id_ in part.answers else []
        for name, part in zip(said, parts, strict=True):
            said[name] |= {id_: answer for id_, answer in part.answers.items() if id_ in margins}
    order = sorted(margins, key=lambda id_: (min(margins[id_], default=0.0), id_))[: wanted_tasks(state)]
    if not state.rules.pre_annotate:
        return ranked(order, {})
    train = [id_ for id_ in order if roles[id_] is Role.TRAIN]
    by_field = zip(state.by_field, said.items(), strict=True)
    return ranked(
        order,
        {
            name: shown_predictions(one, {id_: found[id_] for id_ in train if id_ in found})
            for one, (name, found) in by_field
        },
    )


def _publication(state: ProjectState, items: list[QueueItem], put_back: Mapping[int, int]) -> Publication:
    version = state.deployed_versions
    again = len(matching(state.publications, version=version))
    return Publication(
        project_id=state.id,
        name=(version or "v0") + (f".{again + 1}" if again else ""),
        version=version,
        round_number=state.round_number,
        tasks=len(items),
        blind=sum(not item.predictions for item in items),
        put_back=len(put_back),
        # else a queue from after a certificate looks like one from before, and is made again and again
        created_at=moment_after([*state.publications[-1:], *(one.certificate for one in state.attempts)]),
    )


def _audit_head(state: ProjectState, audit: list[int], train: int, share: float, rng: np.random.Generator) -> list[int]:
    # Tasks that already have their first person come first; the others in random order, no more than their share (all
    # of them once every TRAIN task is in the queue: the share has then been raised to what is left).
    order = [audit[i] for i in rng.permutation(len(audit))]
    order.sort(key=lambda task_id: task_id not in state.tasks.annotators)
    if train == 0 or share >= 1:
        return order
    return order[: at_share(share, train)]
