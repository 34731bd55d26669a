"""What stands on the pages that connect a project, in the languages that they are offered in."""

CONNECT = {
    "en": {
        "connect": "Connect a project",
        "connect_about": "The projects that LabelLoop's account sees in Label Studio, newest first.",
        "connect_none": "There is none: create a project in Label Studio, give it a labelling configuration, import "
        "tasks, and come back.",
        "connect_number": "Number",
        "connect_title": "Title",
        "is_connected": "connected",
        "connect_this": "Connect {title}",
        "connect_seen": "What connecting makes of it; nothing is changed yet.",
        "seen_looped": "Looped",
        "seen_labels": "{n} label|{n} labels",
        "seen_condition": "where {condition}",
        "seen_not_looped": "Not looped",
        "seen_not_named": "the rules do not name it",
        "seen_tasks": "Tasks",
        "seen_pool": "{tasks}; up to {audit} of them become audit tasks, which {people} people each label blind",
        "seen_no_tasks": "none yet: import some, and they are put in order by themselves",
        "seen_certify": "Certifying",
        "seen_pays": "can pay: it can save {saved} labels at the very best",
        "seen_pays_from": "cannot pay here, only from about {n} tasks on: label all with the model's help",
        "seen_pays_never": "cannot pay with these rules",
        "seen_prior": "Annotations",
        "seen_prior_about": "{n} is there already. It is taken in first, to learn from; if {due} labels settle, they "
        "close round 1.|{n} are there already. They are taken in first, to learn from; if {due} labels settle, they "
        "close round 1.",
        "seen_encoder": "Encoder",
        "seen_blank": "Not required",
        "seen_blank_about": "{names}: Label Studio takes a Submit without an answer, which counts for nothing. Add "
        'required="true" in Settings > Labeling Interface.',
        "seen_unanswered": "Unanswered",
        "round_size": "New labels that close a round",
        "round_size_about": "After so many the model learns anew. All other rules are on the page of its rules, once "
        "it is connected.",
        "connect_what": "Connecting registers the ML backend and a webhook in the project, writes labelling "
        "instructions where there are none, and a line with the address of its page into its description. The page of "
        "its rules takes it out again.",
        "connect_do": "Connect",
        "connect_again": "Connect again, which repairs the wiring",
        "connect_grave": "This would close a round or replace a model: change it on the page of the project's rules, "
        "which says what that does, and asks.",
        "connect_done": "{title} is connected. A worker reads its tasks and puts them in order; then people press "
        "“Label All Tasks” in Label Studio.",
        "connect_done_again": "{title} was connected with these rules already; its wiring is in order.",
    },
    "zh": {
        "connect": "接入项目",
        "connect_about": "LabelLoop 的账号在 Label Studio 中能看到的项目，最新的在前。",
        "connect_none": "没有项目：请在 Label Studio 中新建一个项目，设置标注配置并导入任务，然后再回到这里。",
        "connect_number": "编号",
        "connect_title": "标题",
        "is_connected": "已接入",
        "connect_this": "接入 {title}",
        "connect_seen": "接入之后会怎样；目前什么都还没有改变。",
        "seen_looped": "参与循环",
        "seen_labels": "{n} 个标签",
        "seen_condition": "条件：{condition}",
        "seen_not_looped": "不参与循环",
        "seen_not_named": "规则没有提到它",
        "seen_tasks": "任务",
        "seen_pool": "{tasks} 个；其中最多 {audit} 个成为审核任务，每个由 {people} 人在不看预测的情况下标注",
        "seen_no_tasks": "还没有：导入之后会自动排序",
        "seen_certify": "认证",
        "seen_pays": "有可能划算：最多能省下 {saved} 个标签",
        "seen_pays_from": "在这里不划算，大约从 {n} 个任务起才可能：请借助模型标注全部任务",
        "seen_pays_never": "按这些规则不会划算",
        "seen_prior": "已有标注",
        "seen_prior_about": "已有 {n} 个。它们会先被读入，用于学习；如果有 {due} 个标签达成定论，第 1 轮随即结束。",
        "seen_encoder": "编码器",
        "seen_blank": "非必填",
        "seen_blank_about": "{names}：Label Studio 允许不作答就提交，这样的提交不算数。"
        '请在 Settings > Labeling Interface 中加上 required="true"。',
        "seen_unanswered": "没有答案的标注",
        "round_size": "多少个新标签结束一轮",
        "round_size_about": "达到这个数量，模型就重新学习。其他规则在接入之后的规则页面上。",
        "connect_what": "接入会在项目中登记 ML 后端和一个 webhook；如果还没有标注说明，就写入一份；"
        "并把项目页面的地址作为一行写进项目描述。在规则页面上断开项目即可撤销。",
        "connect_do": "接入",
        "connect_again": "再次接入（修复连接）",
        "connect_grave": "这会结束一轮或替换模型：请在项目的规则页面上修改，那里会说明影响并请你确认。",
        "connect_done": "{title} 已接入。工作进程会读取任务并排好顺序；之后标注员在 Label Studio 中点击“Label All "
        "Tasks”。",
        "connect_done_again": "{title} 已经以这些规则接入；连接正常。",
    },
}
