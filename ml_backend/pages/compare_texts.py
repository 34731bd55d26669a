"""What stands about comparing versions, and finding them among many, in the languages that it is offered in."""

COMPARE = {
    "en": {
        "champion": "champion",
        "challenger": "challenger",
        "aliases_about": "The champion serves; the challenger is the newest version that does not and was measured "
        "beside it.",
        "newest_versions": "These are {shown} of {count} versions, the newest and those that serve.",
        "all_versions": "Show all",
        "compare": "Compare",
        "compare_two": "Compare the two chosen",
        "compare_choose": "Choose two versions of one field to compare.",
        "compare_this": "Choose {version} to compare",
        "compare_of": "{one} and {other}",
        "back_to_versions": "Back to the versions",
        "compare_better": "{one} agrees with people {points} points more than {other}: {low} to {high} points, on {n} "
        "audit task.|{one} agrees with people {points} points more than {other}: {low} to {high} points, on {n} audit "
        "tasks.",
        "compare_worse": "{one} agrees with people {points} points less than {other}: {low} to {high} points, on {n} "
        "audit task.|{one} agrees with people {points} points less than {other}: {low} to {high} points, on {n} audit "
        "tasks.",
        "compare_few": "Both were measured on {n} audit task: too few to compare.|Both were measured on {n} audit "
        "tasks: too few to compare.",
        "compare_cannot_tell": "The 95 % interval contains 0: which is better cannot be told.",
        "compare_rule": "Paired, task by task, as the promotion rule compares them; the standard error is {error} "
        "points.",
        "compare_rounds": "They were never measured after the same round: {one} after round {first}, {other} after "
        "round {second}. People may have changed what they say in between.",
        "compare_apart": "Where they differ",
        "compare_counts": "On {apart} of {n} tasks. {one} is closer to people on {first}, {other} on {second}.",
        "compare_same": "They give the same answer to every audit task.",
        "closer": "Closer to people",
        "neither": "neither",
        "fact": "Figure",
        "encoder_of": "Encoder",
        "size": "Size on disk",
        "parents": "Made from",
        "not_recorded": "not on record",
        "megabytes": "{n} MB",
    },
    "zh": {
        "champion": "冠军模型",
        "challenger": "挑战者模型",
        "aliases_about": "冠军模型正在服务；挑战者模型是没有服务、但与它一起评估过的最新版本。",
        "newest_versions": "这里是 {count} 个版本中的 {shown} 个：最新的和正在服务的。",
        "all_versions": "全部显示",
        "compare": "比较",
        "compare_two": "比较所选的两个",
        "compare_choose": "请选择同一字段的两个版本进行比较。",
        "compare_this": "选择 {version} 进行比较",
        "compare_of": "{one} 与 {other}",
        "back_to_versions": "返回版本列表",
        "compare_better": "在 {n} 个审核任务上，{one} 与人的一致率比 {other} 高 {points} 个百分点（{low} 至 {high}）。",
        "compare_worse": "在 {n} 个审核任务上，{one} 与人的一致率比 {other} 低 {points} 个百分点（{low} 至 {high}）。",
        "compare_few": "两者共同评估过的审核任务只有 {n} 个：太少，无法比较。",
        "compare_cannot_tell": "95% 区间包含 0：无法判断哪个更好。",
        "compare_rule": "按任务配对比较，与晋升规则相同；标准误为 {error} 个百分点。",
        "compare_rounds": "两者没有在同一轮之后评估过：{one} 在第 {first} 轮之后，{other} 在第 {second} 轮之后。"
        "其间人的答案可能有变化。",
        "compare_apart": "答案不同的任务",
        "compare_counts": "{n} 个任务中有 {apart} 个。{one} 更接近人的有 {first} 个，{other} 更接近人的有 "
        "{second} 个。",
        "compare_same": "两者对每个审核任务的答案都相同。",
        "closer": "更接近人",
        "neither": "一样",
        "fact": "数据",
        "encoder_of": "编码器",
        "size": "磁盘占用",
        "parents": "来源",
        "not_recorded": "没有记录",
        "megabytes": "{n} MB",
    },
}
