"""What a message says of an event, in English and Chinese."""

from collections.abc import Mapping

from labelloop.domain.human_level import Outcome
from labelloop.domain.news import TEST, Event, Figure, Kind
from labelloop.domain.notify_address import CHINESE
from labelloop.number_format import money

_ENGLISH: Mapping[str, str] = {
    Kind.ROUND: "Round {round} is closed: {labels} labels to learn from, {new_labels} of them new, and {audit_tasks} "
    "audit tasks.",
    Kind.CHAMPION: "{version} ({learner}) serves now{of_field}. {measured}",
    "measured": "Agreement with people: {agreement}; people with each other: {human_agreement}.",
    "unmeasured": "It has not been measured yet.",
    Kind.VERDICT: "The verdict on {version}{of_field} is now “{outcome}”; it was “{before}”. {gap}",
    "gap": "Its agreement with people less that of people with each other is {gap} points (at least {gap_low}), on "
    "{audit_tasks} audit tasks.",
    "granted": "The certificate of {version}{of_field} was given: it may label about {automated} of the tasks, and "
    "the finished data set differs from people's labels in at most {max_error} of them, with a probability of "
    "{confidence} or more.",
    "refused": "The certificate of {version}{of_field} was refused: {errors} of {tasks_drawn} tasks drawn were wrong, "
    "and an error of {max_error} cannot be promised.",
    Kind.RELEASE: "Release {release} is ready: {tasks} tasks, {by_people} labelled by people and {by_model} by the "
    "model; {left_out} left out.",
    "much": "{spent} of {cap}, the cap of this project for LLMs, is spent.",
    "all": "The cap of this project for LLMs is reached: {spent} of {cap} is spent. LABELLOOP_LLM_CAP raises it.",
    Kind.JOB: "The job {job} has failed for good. The page of the system says why; there it can be tried again.",
    Kind.QUEUE: "The queue is about to run dry: {left} of {published} tasks are left. Close a round to have it filled "
    "again; {untouched} tasks have no annotation yet.",
    Kind.ANNOTATOR: "On audit tasks{of_field} one annotator agrees with the others {agreement}, where the others agree "
    "with each other {others}. Talk it over: the guideline may be unclear.",
    "gold": "On gold tasks{of_field} one annotator agrees with the settled answers {agreement}, where the others do "
    "{others}. Talk it over: the guideline may be unclear.",
    TEST: "This is a test. Messages about the project will come here.",
    "of_field": " for {field}",
    "percent": "{number} %",
    "interval": "{share} (95 % interval {between})",
}
_CHINESE: Mapping[str, str] = {
    Kind.ROUND: "第 {round} 轮已结束：可供学习的标签 {labels} 个，其中新增 {new_labels} 个；"
    "审核任务 {audit_tasks} 个。",
    Kind.CHAMPION: "{of_field}现由 {version}（{learner}）提供服务。{measured}",
    "measured": "与人的一致率：{agreement}；人与人之间：{human_agreement}。",
    "unmeasured": "它尚未经过衡量。",
    Kind.VERDICT: "{of_field}对 {version} 的结论变为“{outcome}”，之前是“{before}”。{gap}",
    "gap": "它与人的一致率减去人与人之间的一致率，差为 {gap} 个百分点（至少 {gap_low}），"
    "依据 {audit_tasks} 个审核任务。",
    "granted": "{of_field}{version} 获得证书：约 {automated} 的任务可由它标注，完成的数据集与人的标签不同的任务"
    "不超过 {max_error}，概率至少 {confidence}。",
    "refused": "{of_field}{version} 未获得证书：抽取的 {tasks_drawn} 个任务中错了 {errors} 个，"
    "无法承诺错误率不超过 {max_error}。",
    Kind.RELEASE: "发布 {release} 已就绪：共 {tasks} 个任务，由人标注 {by_people} 个，由模型标注 {by_model} 个，"
    "排除 {left_out} 个。",
    "much": "本项目的大语言模型费用上限为 {cap}，已花费 {spent}。",
    "all": "本项目的大语言模型费用已达上限：上限 {cap}，已花费 {spent}。可用 LABELLOOP_LLM_CAP 提高上限。",
    Kind.JOB: "作业 {job} 最终失败。系统页面会说明原因，也可以在那里重试。",
    Kind.QUEUE: "队列即将用完：{published} 个任务还剩 {left} 个。结束一轮后队列会重新填满；"
    "还有 {untouched} 个任务没有任何标注。",
    Kind.ANNOTATOR: "{of_field}在审核任务上，有一位标注员与其他人的一致率为 {agreement}，而其他人之间为 {others}。"
    "请一起讨论：指南可能不够清楚。",
    "gold": "{of_field}在金标任务上，有一位标注员与已定答案的一致率为 {agreement}，而其他人为 {others}。"
    "请一起讨论：指南可能不够清楚。",
    TEST: "这是一条测试消息。项目的消息会发到这里。",
    "of_field": "{field}：",
    "percent": "{number}%",
    "interval": "{share}（95% 区间 {between}）",
}
_OUTCOMES: Mapping[str, str] = {Outcome.YES: "human level reached"}
_CHINESE_OUTCOMES: Mapping[str, str] = {
    Outcome.YES: "达到人的水平",
    Outcome.NOT_YET: "尚未达到",
    Outcome.CANNOT_TELL: "还无法判断",
    Outcome.GUIDELINE: "指南需要改进",
}
_SHARES = ("max_error", "confidence", "automated")


def sentence(event: Event, language: str) -> str:
    """Return what a message says of an event."""
    words, outcomes = (_CHINESE, _CHINESE_OUTCOMES) if language == CHINESE else (_ENGLISH, _OUTCOMES)
    figures = event.figures
    values: dict[str, object] = {**figures}
    values |= {name: _percent(f"{100 * float(figures[name] or 0):.3g}", words) for name in _SHARES if name in figures}
    values |= {name: money(float(figures[name] or 0)) for name in ("spent", "cap") if name in figures}
    for name, stem in (("agreement", "agreement"), ("human_agreement", "human"), ("others", "others")):
        if name in figures:
            values[name] = _interval(figures, name, stem, words)
    values |= {
        name: outcomes.get(str(figures[name]), figures[name]) for name in ("outcome", "before") if name in figures
    }
    values["of_field"] = words["of_field"].format(field=figures["field"]) if figures.get("field") else ""
    values["gap"] = _gap(figures, words)
    values["measured"] = words["unmeasured" if figures.get("agreement") is None else "measured"].format(
        agreement=values.get("agreement"), human_agreement=values.get("human_agreement")
    )
    return words[_form(event)].format(**values).strip()


def _form(event: Event) -> str:
    match event.kind:
        case Kind.CERTIFICATE:
            return "granted" if event.figures["granted"] else "refused"
        case Kind.CAP:
            return "all" if event.figures["is_reached"] else "much"
        case Kind.ANNOTATOR if event.figures.get("gold"):
            return "gold"
        case _:
            return event.kind


def _percent(number: str, words: Mapping[str, str]) -> str:
    return words["percent"].format(number=number)


def _interval(figures: Mapping[str, Figure], name: str, stem: str, words: Mapping[str, str]) -> str:
    value, low, high = figures[name], figures[f"{stem}_low"], figures[f"{stem}_high"]
    if value is None:
        return "–"
    share = _percent(f"{100 * float(value):.0f}", words)
    if low is None or high is None:
        return share
    between = _percent(f"{100 * float(low):.0f}–{100 * float(high):.0f}", words)
    return words["interval"].format(share=share, between=between)


def _gap(figures: Mapping[str, Figure], words: Mapping[str, str]) -> str:
    gap, low = figures.get("gap"), figures.get("gap_low")
    if gap is None or low is None:
        return ""
    points = {"gap": f"{100 * float(gap):+.1f}", "gap_low": f"{100 * float(low):+.1f}"}
    return words["gap"].format(**points, audit_tasks=figures["audit_tasks"])
