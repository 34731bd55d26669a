"""What is said in made-up projects: titles, labels, texts and notes, in English, in Chinese, and as ill as can be."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.pages.test_project_pages import HOSTILE


@dataclass(frozen=True)
class Words:
    """A project's words: `texts` has, for each label, texts that are given it.

    `older` is a released one's title, `people` the names of annotators.
    """

    title: str
    older: str
    field: str
    labels: tuple[str, ...]
    texts: tuple[tuple[str, ...], ...]
    rule: str
    note: str
    people: Mapping[int, str]

    def text(self, id_: int) -> str:
        """Return the text of a task."""
        some = self.texts[self.label(id_)]
        return some[id_ // len(self.labels) % len(some)]

    def label(self, id_: int) -> int:
        """Return the place of the label that fits a task: the first ones are more frequent."""
        return (0, 0, 0, 1, 1, 2, 1, 3)[id_ * 7 % 8] % len(self.labels)


ENGLISH = Words(
    "Reviews of the spring catalogue",
    "Reviews of the winter catalogue",
    "intent",
    ("Praise", "Complaint", "Question", "Suggestion"),
    (
        ("Arrived a day early, and the colour is exactly as in the picture.", "Best lamp I have had on my desk."),
        ("The zip broke on the second day. Great start.", "Two weeks late, and nobody answers the phone."),
        ("Does the charger fit the model of last year?", "Is there a refund if the size is wrong?"),
        ("A longer cable would make this perfect.", "Please sell the lid separately, mine got lost."),
    ),
    "Irony counts as what is meant: “Great start” about a broken zip is a complaint.",
    "Says thanks first, but the point is that it came late.",
    {1: "Ada Okafor", 2: "Ben Lindqvist", 4: "m.rossi@example.com"},
)
CHINESE = Words(
    "春季商品评论",
    "冬季商品评论",
    "意图",
    ("表扬", "投诉", "咨询", "建议"),
    (
        ("提前一天就到了，颜色和图片上一模一样。", "用过的台灯里最满意的一盏。"),
        ("第二天拉链就坏了，真是“开门红”。", "晚了两个星期，电话也没人接。"),
        ("这个充电器适合去年的型号吗？", "尺码不对可以退款吗？"),
        ("线再长一点就完美了。", "希望盖子能单独卖，我的丢了。"),
    ),
    "反讽按本意判断：拉链坏了还说“开门红”，属于投诉。",
    "先道了谢，但重点是来得太晚。",
    {1: "王晓梅", 2: "陈立", 4: "li.na@example.com"},
)
ILL = Words(
    f"{' '.join(HOSTILE[:4])} {'title' * 20}",
    HOSTILE[4] * 9,
    "field_of_a_name_without_any_end_" * 3,
    ("a label of a hundred characters, with spaces in it, " * 2, "W" * 100, "没有尽头的标签" * 14, HOSTILE[1]),
    tuple((f"{text} {'x' * 300}", text * 9) for text in HOSTILE[:4]),
    f"{HOSTILE[0]} {'rule' * 60}",
    f"{HOSTILE[2]} {'note' * 60}",
    {1: HOSTILE[0], 2: "name" * 60, 4: "没有尽头的名字" * 14},
)
