"""What stands on the pages that certify, relabel and release, in the languages that they are offered in."""

ENDING = {
    "en": {
        "what_you_can_do": "What you can do",
        "act_certify": "Plan a certificate",
        "act_certify_about": "What it would take and save; nothing starts yet.",
        "act_abandon_certify": "Abandon the attempt",
        "act_abandon_certify_about": "Rounds go on, without a certificate.",
        "act_order_release": "Release under the certificate",
        "act_order_release_about": "The model labels what it may, people the rest.",
        "act_people_release": "Release people's labels alone",
        "act_people_release_about": "What people have said until now, without a model's label.",
        "act_abandon_release": "Cancel the release",
        "act_abandon_release_about": "Its certificate stays, and rounds go on.",
        "act_relabel": "Have labels checked",
        "act_relabel_about": "Doubtful labels, or tasks that people are split on, go to one more person.",
        "between_sentences": " ",
        "release_sure": "Release the data set?",
        "release_by_both": "It would have {people} labels by people and about {model} by {version}.",
        "release_by_people": "It would have {people} labels by people.",
        "release_waiting": "Before that people label about {n} more task ({audit} audit tasks), one person "
        "each.|Before that people label about {n} more tasks ({audit} audit tasks), one person each.",
        "release_left_out": "{n} task has no label and is left out.|{n} tasks have no label and are left out.",
        "release_does": "Workers predict the pool. What the model may not label goes to people before all else, least "
        "certain first. When nothing is left the release is written, and people are given no more of its tasks.",
        "release_costs": "Until then the model is frozen and no round closes. You can cancel it; the certificate "
        "stays.",
        "release_ordered": "The release is ordered: workers predict the pool, then people are given what is left.",
        "release_written": "Release {number} is written: its files are below.",
        "people_release_sure": "Release what people have said?",
        "people_release_does": "It is written at once, with no model's label and no promise. Tasks without a label "
        "stay open: release again after more was labelled.",
        "abandon_certify_sure": "Abandon the attempt to certify?",
        "no_attempt": "No attempt is open: there is nothing to abandon.",
        "abandon_spent": "{done} of the {n} tasks drawn are labelled, so the next attempt may fail with half the "
        "probability of this one, and needs more tasks.",
        "abandon_spent_none": "None of the {n} tasks drawn is labelled, so the next attempt has as much risk to spend "
        "as this one.",
        "abandon_certify_does": "The tasks drawn are learned from again, and rounds go on.",
        "abandon_certify_done": "Attempt {number} is abandoned; rounds go on.",
        "abandon_release_sure": "Cancel the release?",
        "abandon_release_does": "Rounds go on, and its certificate stays: it can be released again as long as no task "
        "is added, deleted or edited. What people have labelled is kept.",
        "abandon_release_done": "The release is cancelled; its certificate stays, and rounds go on.",
    },
    "zh": {
        "what_you_can_do": "你可以做的事",
        "act_certify": "计划认证",
        "act_certify_about": "需要多少标注、能省下多少；现在还不会开始。",
        "act_abandon_certify": "放弃这次认证",
        "act_abandon_certify_about": "没有证书，轮次继续。",
        "act_order_release": "依据证书发布",
        "act_order_release_about": "模型标注允许它标注的，其余由人标注。",
        "act_people_release": "只发布人的标签",
        "act_people_release_about": "人至今给出的答案，没有模型的标签。",
        "act_abandon_release": "取消发布",
        "act_abandon_release_about": "证书保留，轮次继续。",
        "act_relabel": "请人复核标签",
        "act_relabel_about": "存疑的标签，或人们有分歧的任务，再交给一个人。",
        "between_sentences": "",
        "release_sure": "发布数据集？",
        "release_by_both": "其中有 {people} 个人的标签，约 {model} 个 {version} 的标签。",
        "release_by_people": "其中有 {people} 个人的标签。",
        "release_waiting": "在此之前，人还要标注约 {n} 个任务（其中 {audit} 个审核任务），每个由一人标注。",
        "release_left_out": "{n} 个任务没有标签，不在其中。",
        "release_does": "工作进程预测整个任务池。模型不可标注的任务优先交给人，最不确定的在前。没有剩余任务时写出发布，"
        "此后不再把它的任务交给人。",
        "release_costs": "在此之前模型冻结，不会结束任何一轮。可以取消发布；证书保留。",
        "release_ordered": "已安排发布：工作进程预测任务池，然后把剩余任务交给人。",
        "release_written": "第 {number} 个发布已经写好：文件见下方。",
        "people_release_sure": "发布人的答案？",
        "people_release_does": "立即写出，没有模型的标签，也没有承诺。没有标签的任务仍然开放："
        "标注更多之后可以再次发布。",
        "abandon_certify_sure": "放弃这次认证？",
        "no_attempt": "没有进行中的认证：无可放弃。",
        "abandon_spent": "抽取的 {n} 个任务中已标注 {done} 个，因此下一次认证允许失败的概率只有这次的一半，"
        "需要更多任务。",
        "abandon_spent_none": "抽取的 {n} 个任务都还没有标注，因此下一次认证可用的风险与这次相同。",
        "abandon_certify_does": "抽取的任务重新用于学习，轮次继续。",
        "abandon_certify_done": "第 {number} 次认证已放弃；轮次继续。",
        "abandon_release_sure": "取消发布？",
        "abandon_release_does": "轮次继续，证书保留：只要没有任务被添加、删除或修改，就可以再次发布。"
        "人已给出的标注会保留。",
        "abandon_release_done": "发布已取消；证书保留，轮次继续。",
    },
}
