"""What a change of rules will do, for readers of Chinese: the steps say it in English, whoever asks."""

import re

from ml_backend.pages.page_texts import Texts

EFFECTS = (
    ("it holds for what is done from now on; what is recorded stays as it is", "从现在起生效；已有的记录保持不变"),
    (
        (
            r"(?P<new>.+) is looped (?P<how>instead of|beside) (?P<others>.+): every annotation is read anew for it, "
            "and a round closes as soon as there are labels of it"
        ),
        "{new} 参与循环（{others} {how}）：为它重新读取全部标注，一有它的标签就结束一轮",
    ),
    (
        r"(?P<name>.+) is looped no more; (?P<version>\S+) answers no more; its figures stay on record",
        "{name} 不再参与循环，{version} 不再回答；它的数字保留",
    ),
    ("(?P<name>.+) is looped no more; its figures stay on record", "{name} 不再参与循环；它的数字保留"),
    ("(?P<names>.+) is looped as before", "{names} 照旧参与循环"),
    (
        r"a round closes at once: it takes (?P<due>\d+) new labels?, and there are (?P<new>\d+)",
        "立即结束一轮：需要 {due} 个新标签，现有 {new} 个",
    ),
    (r"the next round closes after (?P<n>\d+) more labels", "再有 {n} 个标签，下一轮就结束"),
    (
        (
            r"(?P<specs>.+) is fitted to round (?P<round>\d+)(?P<slow> \(in the background\))?; what comes out of it "
            r"may replace (?P<serves>\S+)"
        ),
        "{specs} 会用第 {round} 轮的标签训练{slow}，结果可能取代 {serves}",
    ),
    (
        r"(?P<specs>.+) is fitted to round (?P<round>\d+)(?P<slow> \(in the background\))?",
        "{specs} 会用第 {round} 轮的标签训练{slow}",
    ),
    (
        r"(?P<spec>\S+) is fitted no more; (?P<serves>\S+) serves until another version wins",
        "不再训练 {spec}；在别的版本胜出之前仍由 {serves} 服务",
    ),
    ("the next round is fitted by the default learners", "下一轮由默认的学习器训练"),
    ("the next round is fitted by (?P<specs>.+)", "下一轮由 {specs} 训练"),
    ("(?P<encoder>.+) is the encoder as before", "编码器仍是 {encoder}"),
    ("the first model is fitted with (?P<encoder>.+)", "第一个模型用 {encoder} 训练"),
    (
        (
            r"round (?P<round>\d+) is fitted anew with (?P<then>.+) instead of (?P<now>.+), which may replace "
            r"(?P<serves>[^;]+)(?:; .+)?"
        ),
        "第 {round} 轮用 {then} 代替 {now} 重新训练，结果可能取代 {serves}；在新版本上线之前照旧服务",
    ),
    (
        r"the (?P<n>\d+) audit tasks? drawn so far stay; it holds for tasks that are imported from now on",
        "已抽取的 {n} 个审核任务保留；对今后导入的任务生效",
    ),
    ("it holds for tasks that are imported from now on", "对今后导入的任务生效"),
    (
        r"the audit set changes from (?P<before>\d+) to (?P<then>\d+) tasks?, and versions are measured on it anew",
        "审核集从 {before} 个任务变为 {then} 个，各版本在其上重新评估",
    ),
    (
        "it holds for every audit task; none of those labelled so far is affected",
        "对每个审核任务生效；至今标注过的都不受影响",
    ),
    (
        "verdicts follow it from the next round on; those that were given stay",
        "从下一轮起，结论以它为准；已给出的结论不变",
    ),
    (
        (
            "the queue follows it when it is ordered next: after a round, or when it runs short; tasks opened from the "
            "list at once"
        ),
        "队列在下次排列时以它为准：一轮之后，或者队列将尽时；从列表中打开的任务立即生效",
    ),
    (
        "the queue follows it when it is ordered next: after a round, or when it runs short",
        "队列在下次排列时以它为准：一轮之后，或者队列将尽时",
    ),
    ("the files of rounds follow it from the next round on", "从下一轮起，轮次的文件以它为准"),
)
_SENTENCES = tuple((re.compile(pattern), words) for pattern, words in EFFECTS)
_WORDS = {"instead of": "退出", "beside": "照旧", " (in the background)": "（在后台）", "no model": "（尚无模型）"}


def effect_sentence(what: str, t: Texts) -> str:
    """Return what a change does in the reader's language; a sentence that is not known stays as it is.

    >>> effect_sentence("the next round closes after 7 more labels", Texts("zh"))
    '再有 7 个标签，下一轮就结束'
    """
    for pattern, words in _SENTENCES if t.language == "zh" else ():
        if found := pattern.fullmatch(what):
            return words.format(
                **{name: _WORDS.get(part or "", part or "") for name, part in found.groupdict().items()}
            )
    return what
