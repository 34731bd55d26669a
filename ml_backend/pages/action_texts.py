"""What stands on the buttons of the next step and on the questions that follow, in the languages of the pages."""

ACTIONS = {
    "en": {
        "no_queue": "The queue (Redis) does not answer, so nothing was done: try again in a moment.",
        "act_train": "Close the round and train now",
        "act_release": "Certificate and release",
        "act_guideline": "Open the guideline",
        "act_connect": "Connect it again",
        "train_sure": "Close round {number} now?",
        "train_new": "{n} new label has settled; by the rules {due} close a round.|{n} new labels have settled; by the "
        "rules {due} close a round.",
        "train_does": "A worker closes the round if anything is new, fits models to all labels so far, compares them "
        "with people on the audit tasks, and lets the best serve if the promotion rule says so.",
        "train_costs": "A round that closes early learns little more than the one before. It takes the workers' time, "
        "and an LLM that is set up may be asked, which costs what LLMs cost.",
        "train_done": "A worker goes to work if anything is new; this page follows it.",
    },
    "zh": {
        "no_queue": "队列（Redis）没有响应，因此什么也没有做：请稍后再试。",
        "act_train": "现在结束本轮并训练",
        "act_release": "证书与发布",
        "act_guideline": "打开标注指南",
        "act_connect": "重新接入",
        "train_sure": "现在结束第 {number} 轮？",
        "train_new": "有 {n} 个新标签已经确定；按规则，{due} 个结束一轮。",
        "train_does": "如果有新内容，工作进程会结束这一轮，用至今的全部标签训练模型，在审核任务上与人比较，"
        "并在晋升规则允许时让最好的版本服务。",
        "train_costs": "提前结束的一轮比上一轮学到的多不了多少。它占用工作进程的时间；如果设置了大语言模型，"
        "也可能会询问它，并产生相应的费用。",
        "train_done": "如果有新内容，工作进程就会开始工作；本页会随之更新。",
    },
}
