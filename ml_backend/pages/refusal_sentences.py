"""Why something was refused, for readers of Chinese: commands and pages share the sentences, which are English."""

import re

from ml_backend.pages.page_texts import Texts

REFUSED = (
    (
        r"Project (?P<project>\d+) is not connected: run `(?P<command>[^`]+)`\.",
        "项目 {project} 未接入：请在“项目”页面接入它，或运行 `{command}`。",
    ),
    (
        r"Project (?P<project>\d+) has no version '(?P<version>.*)'; there are: (?P<known>[^;]+)\.",
        "项目 {project} 没有版本“{version}”；现有版本：{known}。",
    ),
    (r"Choose two different versions\.", "请选择两个不同的版本。"),
    (
        r"(?P<one>\S+) and (?P<other>\S+) answer different fields \((?P<names>.+)\): choose two of one field\.",
        "{one} 与 {other} 属于不同字段（{names}）：请选择同一字段的两个版本。",
    ),
    (
        r"(?P<versions>.+) was never measured on audit tasks: there is nothing to compare\.",
        "{versions} 从未在审核任务上衡量过：没有可比较的内容。",
    ),
    (
        r"Project \d+ has several fields \((?P<names>.+)\): name one\.",
        "这个项目有多个字段（{names}）：请选择一个。",
    ),
    (
        r"Project \d+ has no model yet: label until the first round is closed\.",
        "这个项目还没有模型：请继续标注，直到第一轮结束。",
    ),
    (
        r"Project \d+ has no certificate: run `(?P<certify>[^`]+)` first, .+`(?P<people>[^`]+)`\.",
        "这个项目还没有证书：请先认证（`{certify}`），或只发布人的标签（`{people}`）。",
    ),
    (
        r"Attempt (?P<number>\d+) is open: people have (?P<left>\d+) of its tasks left to label\.",
        "第 {number} 次认证仍在进行：还有 {left} 个任务需要人标注。",
    ),
    (
        r"The plan is out of date: it was of (?P<planned>.+), and (?P<serving>.+) serves now\. Look at it anew\.",
        "计划已过时：它针对 {planned}，而现在服务的是 {serving}。请重新查看计划。",
    ),
    (
        r"The encoder (?P<encoder>\S+) is not prepared yet; a worker does that: start one\.",
        "编码器 {encoder} 尚未准备好；这由工作进程完成：请启动一个。",
    ),
    (
        r"There is no Label Studio token\. .+",
        "没有 Label Studio 令牌：请在 Label Studio 的 Account & Settings 中新建，再设为 LABELLOOP_LABEL_STUDIO_TOKEN。",
    ),
)
"""Patterns of whole sentences, and what is said in place of them."""
_SENTENCES = tuple((re.compile(pattern, re.DOTALL), words) for pattern, words in REFUSED)


def refused(sentence: str, t: Texts) -> str:
    """Return why something was refused in the reader's language; a sentence that is not known stays as it is.

    >>> refused("Choose two different versions.", Texts("zh")), refused("Another.", Texts("zh"))
    ('请选择两个不同的版本。', 'Another.')
    """
    if t.language == "zh":
        for pattern, words in _SENTENCES:
            if found := pattern.fullmatch(sentence):
                return words.format(**found.groupdict())
    return sentence
