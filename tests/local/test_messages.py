"""The text messages of the demo are read as published."""

import zipfile
from pathlib import Path

from workers.demo.messages import LABELS, MEMBER, load_messages, parse_messages


def test_each_text_comes_once_with_what_a_hundred_people_say(tmp_path: Path) -> None:
    """Texts are unescaped, doubles are left out, and one in a hundred people slips."""
    wheel = tmp_path / "messages.whl"
    with zipfile.ZipFile(wheel, "w") as package:
        package.writestr(MEMBER, "ham\tTea &amp; cake at 5?\nspam\tWIN a prize now\nham\tTea &amp; cake at 5?")

    tea, prize = parse_messages(wheel)

    assert (tea.text, prize.text) == ("Tea & cake at 5?", "WIN a prize now")
    assert (tea.ratings.count("ham"), prize.ratings.count("spam")) == (99, 99)
    assert len(tea.ratings) == 100


def test_the_published_messages_are_all_there(tmp_path: Path) -> None:
    """The real download: 4,534 different texts, about one in eight of them spam."""
    messages = load_messages(tmp_path)

    assert len({message.text for message in messages}) == len(messages)
    labels = [max(LABELS, key=message.ratings.count) for message in messages]
    assert (len(labels), labels.count("spam")) == (4534, 561)
