"""The languages that texts may be in, by their Chinese names."""

import re

NAMES = {
    "English": "英语",
    "Chinese": "中文",
    "Japanese": "日语",
    "Korean": "韩语",
    "Hebrew": "希伯来语",
    "Greek": "希腊语",
    "Thai": "泰语",
    "German": "德语",
    "French": "法语",
    "Spanish": "西班牙语",
    "Italian": "意大利语",
    "Portuguese": "葡萄牙语",
    "Dutch": "荷兰语",
    "Swedish": "瑞典语",
    "Danish or Norwegian": "丹麦语或挪威语",
    "Finnish": "芬兰语",
    "Polish": "波兰语",
    "Czech or Slovak": "捷克语或斯洛伐克语",
    "Romanian": "罗马尼亚语",
    "Hungarian": "匈牙利语",
    "Turkish": "土耳其语",
    "Indonesian": "印度尼西亚语",
    "Vietnamese": "越南语",
    "a language in Latin script": "拉丁字母的语言",
    "a language in Cyrillic script": "西里尔字母的语言",
    "a language in Arabic script": "阿拉伯字母的语言",
    "a language in Devanagari script": "天城文的语言",
    "unknown": "未知",
    "no text": "没有文本",
}


def in_chinese(shares: str) -> str:
    """Return the shares of languages in Chinese; a name that is not known stays.

    >>> in_chinese("80 % English, 19 % unknown, 1 % Klingon")
    '英语 80%，未知 19%，Klingon 1%'
    """
    return "，".join(map(_share, shares.split(", ")))


def _share(one: str) -> str:
    found = re.fullmatch(r"(\d+) % (.+)", one)
    return f"{NAMES.get(found[2], found[2])} {found[1]}%" if found else NAMES.get(one, one)
