"""What stands in the report alone, in the languages that it is offered in."""

REPORT = {
    "en": {
        "report": "Report",
        "report_download": "Report as one file",
        "reports_kept": "Reports as they were after each round",
        "report_kept": "After round {number}",
        "report_of": "After round {number}, as of {moment}.",
        "report_first": "Before the first round, as of {moment}.",
        "report_people": "People",
        "report_by": "Made by {program}. Annotators are not named. The figures are explained in docs/pages.md.",
    },
    "zh": {
        "report": "报告",
        "report_download": "下载报告（单个文件）",
        "reports_kept": "各轮之后的报告",
        "report_kept": "第 {number} 轮之后",
        "report_of": "第 {number} 轮之后，数据截至 {moment}。",
        "report_first": "第一轮之前，数据截至 {moment}。",
        "report_people": "标注员",
        "report_by": "由 {program} 生成，不显示标注员是谁。各项数字的含义见 docs/pages.zh-CN.md。",
    },
}
