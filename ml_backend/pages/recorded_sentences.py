"""Sentences that records hold, for readers of Chinese: records are written in English, once, whoever will read them."""

import re
from collections.abc import Iterator

from labelloop.encoders.encoder_choice import NO_TEXTS
from ml_backend.pages.language_names import in_chinese
from ml_backend.pages.page_texts import Texts
from workers.admin.release_status import NO_LONGER

MEASURED = r"\((?P<gain>[+-][\d.]+|nan) on (?P<n>\d+) audit tasks, standard error (?P<error>[\d.]+|nan)\)"
MEASURED_ZH = "（{gain}，{n} 个审核任务，标准误 {error}）"
FITTED = r"(?P<version>\S+), fitted to round (?P<round>\d+) with (?P<labels>\d+) labels, "
FITTED_ZH = "{version}（第 {round} 轮，{labels} 个标签）"
TOO_FEW = r"only (?P<n>\d+) audit tasks, too few to compare"
TOO_FEW_ZH = "只有 {n} 个审核任务，不足以比较"
WRONG = r"(?P<wrong>\d+) of (?P<n>\d+) tasks wrong"
WRONG_ZH = "{n} 个任务中有 {wrong} 个错误"
DECIDED = (
    ("the first model", "第一个模型"),
    ("it serves already", "已在服务"),
    ("not measured yet: it answers before the first label", "尚未衡量：在第一个标签之前先由它回答"),
    ("no learner could be fitted to this round", "这一轮没有训练出任何模型"),
    (
        "(?P<specs>.+) will come late, and no other learner could be fitted to this round",
        "{specs} 要晚些才完成，这一轮没有训练出其他模型",
    ),
    ("it is pinned until `(?P<command>.+)`", "现有版本已固定，直到运行 {command}"),
    (r"(?P<version>\S+) could not be evaluated", "{version} 无法评估"),
    (r"(?P<version>\S+) could not be evaluated: (?P<why>.+)", "{version} 无法评估：{why}"),
    (f"{TOO_FEW}: the model with the project's encoder is taken", f"{TOO_FEW_ZH}：采用项目所用编码器的模型"),
    (f"{TOO_FEW}, and it has not learned from more labels", f"{TOO_FEW_ZH}，而且它没有学习更多标签"),
    (f"{TOO_FEW}: the model with more labels is taken", f"{TOO_FEW_ZH}：采用学习标签更多的模型"),
    (f"better by more than one standard error {MEASURED}", f"好出一个标准误以上{MEASURED_ZH}"),
    (f"not better by more than one standard error {MEASURED}", f"没有好出一个标准误以上{MEASURED_ZH}"),
    (
        f"not worse by more than one standard error, and fitted with the project's encoder {MEASURED}",
        f"没有差出一个标准误以上，并且用项目的编码器训练{MEASURED_ZH}",
    ),
    (f"as good and free of charge {MEASURED}", f"同样好，而且不花钱{MEASURED_ZH}"),
    (rf"as good and (?P<times>[\d.]+) times cheaper {MEASURED}", f"同样好，费用是原来的 {{times}} 分之一{MEASURED_ZH}"),
    (f"{FITTED}came late: (?P<rest>.+)", f"{FITTED_ZH}后来才完成：{{rest}}"),
    (
        f"{FITTED}was fitted anew, with the encoder (?P<encoder>.+?): (?P<rest>.+)",
        f"{FITTED_ZH}用编码器 {{encoder}} 重新训练：{{rest}}",
    ),
)
CERTIFIED = (
    (
        r"(?P<n>\d+) tasks are too few to promise an error of at most (?P<share>[\d.]+%)",
        "{n} 个任务太少，无法承诺错误率不超过 {share}",
    ),
    (
        f"{WRONG}, including the model's most certain predictions: none of its labels can be used without a person",
        f"{WRONG_ZH}，包括模型最有把握的预测：没有人看过，它的标签都不能用",
    ),
    (
        rf"{WRONG}; up to (?P<allowed>\d+) may be wrong at or above the threshold",
        f"{WRONG_ZH}；达到阈值的任务中最多允许 {{allowed}} 个",
    ),
    (
        (
            r"(?P<wrong>\d+) tasks wrong: its model could fill in (?P<filled>\d+) of the tasks drawn, and the answers "
            r"of others do not ask for it in (?P<unasked>\d+): people answer it where they do"
        ),
        (
            "{wrong} 个任务错误：抽取的任务中模型能填写 {filled} 个，而其他字段的答案在 {unasked} 个任务中不问它："
            "问到它的任务由人回答"
        ),
    ),
    ("abandoned by command", "已由命令放弃"),
    ("the labelling configuration no longer has (?P<fields>.+)", "标注配置中已没有 {fields}"),
    ("(?P<rest>.+), with nothing labelled", "{rest}，还没有标注任何任务"),
    (re.escape(NO_LONGER), "已失效：抽取任务之后，决定是否询问的条件改变了"),
)
GUIDED = (
    ("the lead wrote it", "由标注负责人撰写"),
    ("the configuration says so", "取自标注配置"),
    ("the file says so", "取自设置中的文件"),
    (
        (
            r"(?P<gains>\d+) held-out examples better, (?P<losses>\d+) worse "
            r"\(p = (?P<p>[\d.]+), (?P<level>[\d.e-]+) allowed\)"
        ),
        "留出的例子中 {gains} 个变好，{losses} 个变差（p = {p}，允许 {level}）",
    ),
    ("the time was over before it was tried", "还没有试完，时间就用完了"),
    ("(?P<rest>.+); but the guideline was changed meanwhile", "{rest}；但在此期间指南已被修改"),
)
ENCODERS = (
    ("the rule `encoder` names it", "由规则 encoder 指定"),
    ("LABELLOOP_ENCODER names it", "由 LABELLOOP_ENCODER 指定"),
    (re.escape(NO_TEXTS), "还没有文本：由最先导入的文本决定"),
    ("the texts are (?P<languages>.+)", "文本的语言：{languages}"),
    (
        (
            "the texts are (?P<languages>.+), too short to tell; if they are words of another language than English, "
            "set `(?P<rule>.+)`"
        ),
        "文本的语言：{languages}；文本太短，无法判断，如果不是英语，请设置 {rule}",
    ),
    (
        r"the texts are (?P<languages>.+), but (?P<encoder>\S+) is not installed: (?P<command>.+)",
        "文本的语言：{languages}；但没有安装 {encoder}：{command}",
    ),
)
KNOWN = (*DECIDED, *CERTIFIED, *GUIDED, *ENCODERS)
SENTENCES = tuple((re.compile(pattern), words) for pattern, words in reversed(KNOWN))
"""Patterns of whole sentences, the longer of two that both match first; `rest` is a sentence of its own."""


def recorded(sentence: str, t: Texts) -> str:
    """Return a record's sentence in the reader's language; one that is not known stays as it was written.

    >>> recorded("the first model", Texts("zh")), recorded("by hand", Texts("zh")), recorded("v1", Texts("en"))
    ('第一个模型', 'by hand', 'v1')
    """
    return next(_matches(sentence, t), sentence) if t.language == "zh" else sentence


def _matches(sentence: str, t: Texts) -> Iterator[str]:
    for pattern, words in SENTENCES:
        if found := pattern.fullmatch(sentence):
            parts = found.groupdict()
            if "rest" in parts:
                parts["rest"] = recorded(parts["rest"], t)
            if "languages" in parts:
                parts["languages"] = in_chinese(parts["languages"])
            yield words.format(**parts)
