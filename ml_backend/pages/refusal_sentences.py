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
        r"Project \d+ has several fields \((?P<names>.+)\): name one with --field\.",
        "这个项目有多个字段（{names}）：请选择一个。",
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
    (
        r"Project (?P<project>\d+) loops no field (?P<name>'[^']*').*; it loops: (?P<known>.+)\.",
        "项目 {project} 没有参与循环的字段 {name}；参与循环的有：{known}。",
    ),
    (
        r"Project (?P<project>\d+) is busy with another job: try again in a minute\.",
        "项目 {project} 正在执行另一个作业：请一分钟后再试。",
    ),
    (
        r"The rules were changed meanwhile: .+",
        "这期间有人改过规则：请重新查看你的修改现在会带来什么，再试一次。",
    ),
    (
        r"A release of project (?P<project>\d+) is under way: .+",
        "项目 {project} 正在发布：模型已冻结，不会结束任何一轮。请让人完成发布，或取消发布。",
    ),
    (
        r"Attempt (?P<number>\d+) of project \d+ to certify (?P<versions>.+) is open: .+ the (?P<left>\d+) tasks .+",
        "对 {versions} 的第 {number} 次认证仍在进行，模型已冻结：请让人标注余下的 {left} 个任务，或放弃这次认证。",
    ),
    (
        r"Task (?P<task>\d+) of project \d+ is not in dispute .+",
        "任务 {task} 已没有分歧：请重新打开这个页面。",
    ),
    (
        r"Task (?P<task>\d+) is an audit task: .+",
        "任务 {task} 是审核任务：它用于衡量，所以不能裁决它的标签。",
    ),
    (r"Nobody gives this answer of task (?P<task>\d+) .+", "已没有人给任务 {task} 这个答案：请重新打开这个页面。"),
    (r"Say why people differ: .+", "请选择意见不同的原因。"),
    (
        r"The note has (?P<long>[\d,]+) characters; at most (?P<most>[\d,]+) are kept\.",
        "备注有 {long} 个字符；最多保存 {most} 个。",
    ),
    (
        r"(?P<n>\d+) tasks cannot prove an error of at most (?P<error>\S+) .+: it takes (?P<least>\d+)\. .+",
        "即使全部正确，{n} 个任务也不能证明错误率不超过 {error}：至少需要 {least} 个。请多抽一些，或放宽保证。",
    ),
    (
        r"Only (?P<there>\d+) tasks with a text of their own are untouched, (?P<n>\d+) are asked for: .+",
        "没有人标注过、文本不重复的任务只有 {there} 个，要求抽取 {n} 个：请少抽一些，或导入更多任务。",
    ),
    (r"Project (?P<project>\d+) has no open attempt to certify: .+", "项目 {project} 没有进行中的认证。"),
    (
        r"Project (?P<project>\d+) has no model to certify yet: label until a round has closed\.",
        "项目 {project} 还没有可以认证的模型：请继续标注，直到一轮结束。",
    ),
    (
        r"Every field of project (?P<project>\d+) that has a model is left out: .+",
        "项目 {project} 中有模型的字段都被排除了：没有可认证的字段。也可以只发布人的标签。",
    ),
    (
        r"Field (?P<name>.+) needs no --without, it is not certified: .+",
        "字段 {name} 本来就不参加认证，不必排除。",
    ),
    (
        r"Project \d+ has no field (?P<name>'[^']*') to leave out.*; it can certify: (?P<known>.+)\.",
        "没有可排除的字段 {name}；可以认证的有：{known}。",
    ),
    (r"No version served project (?P<project>\d+) before that could serve now: .+", "没有可以退回的版本。"),
    (
        r"No version of project (?P<project>\d+) is pinned: the promotion rule decides already\.",
        "项目 {project} 没有固定的版本：本来就由晋升规则决定。",
    ),
    (
        r"(?P<version>\S+) of project \d+ is pinned\. .+",
        "{version} 已被固定：请先取消固定，或改为固定另一个版本。",
    ),
    (
        r"A guideline has from 1 to (?P<most>[\d,]+) characters: this one has (?P<long>[\d,]+)\.",
        "标注指南应有 1 到 {most} 个字符：这一份有 {long} 个。",
    ),
    (
        r"The heading (?P<heading>.+?) names no label of (?P<field>.+?): write `## ` before labels only\.",
        "标题 {heading} 不是 {field} 的标签：“## ”之后只能写标签。",
    ),
    (
        r"Project \d+ has no guideline (?P<number>\d+); there are: (?P<known>.+)\.",
        "没有第 {number} 份标注指南；现有：{known}。",
    ),
    (
        r"Guideline (?P<number>\d+) is the only one there is: .+",
        "标注指南 {number} 是唯一的一份：请先另写一份，再否决它。",
    ),
    (
        r"The form asks for nothing that is known here: open the page again\.",
        "这里不认识表单的内容：请重新打开这个页面。",
    ),
    (
        r"Too few labels to check any: (?P<least>\d+) of each are needed \((?P<counts>.+) so far\)\. .+",
        "标签太少，无法检查：每个标签需要 {least} 个（目前：{counts}）。请先继续标注。",
    ),
    (
        r"Nobody has labelled a task of project (?P<project>\d+) yet: .+",
        "项目 {project} 还没有人标注过：没有可发布的内容。",
    ),
    (
        r"Project (?P<project>\d+) has no round yet, so nothing can be fitted anew: .+",
        "项目 {project} 还没有结束过一轮，没有可重新训练的内容：请标注到第一轮结束。",
    ),
    (r"No release of project (?P<project>\d+) is under way: .+", "项目 {project} 没有进行中的发布：没有可取消的内容。"),
    (
        r"The tasks of project \d+ have changed since certificate (?P<number>\d+) was drawn .+",
        "抽取证书 {number} 的任务之后，项目的任务有了变化，而证书只对当时的任务有效：请重新认证。",
    ),
    (
        r"Certificate (?P<number>\d+) was not granted: .+",
        "证书 {number} 没有获批：请继续标注后再次认证，或只发布人的标签。",
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
