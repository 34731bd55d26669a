"""An assessment of answers in eleven questions, seven of which are asked only after a certain answer to another."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

SEED = 11
TEXTS = 150
YES, NO, UNCLEAR = "yes", "no", "unclear"
WEIGHTS = {YES: 0.5, NO: 0.4, UNCLEAR: 0.1}
ALIASES = {("礼貌", YES): "是", ("礼貌", NO): "否", ("cites", YES): "有"}
"""What is stored of some answers, as teams have it whose screens changed while their files stayed."""
THINGS = (
    "printer",
    "invoice",
    "password",
    "mail",
    "backup",
    "screen",
    "phone",
    "ticket",
    "发票",
    "密码",
    "account",
    "app",
)


def alias(question: str, label: str) -> str:
    """Return the attribute that says so."""
    return f' alias="{ALIASES[question, label]}"' if (question, label) in ALIASES else ""


@dataclass(frozen=True)
class Question:
    """One question: `after` names the one and the answer to it that make it be asked; `says` how texts read then."""

    name: str
    says: Mapping[str, tuple[str, ...]]
    after: tuple[str, str] | None = None

    @property
    def control(self) -> str:
        """Return its control, within what hides it."""
        required = ' required="true"' if self.after is None else ""
        choices = "".join(f'<Choice value="{label}"{alias(self.name, label)}/>' for label in WEIGHTS)
        control = (
            f'<Header value="{self.name}?" size="5"/>'
            f'<Choices name="{self.name}" toName="text" choice="single-radio" showInline="true"{required}>'
            f"{choices}</Choices>"
        )
        if self.after is None:
            return control
        parent, answer = self.after
        hidden = f'visibleWhen="choice-selected" whenTagName="{parent}" whenChoiceValue="{answer}"'
        return f"<View {hidden}>{control}</View>"


QUESTIONS = (
    Question(
        "answers",
        {
            YES: ("Open the settings of the {} and choose reset.", "You can change the {} in the menu."),
            NO: ("I would rather talk about cats than the {}.", "Nobody here knows the {}, but the weather is fine."),
            UNCLEAR: ("Perhaps the {}, perhaps something else.",),
        },
    ),
    Question(
        "correct",
        {
            YES: ("This works in every version.",),
            NO: ("This never works in any version.",),
            UNCLEAR: ("I did not try it.",),
        },
        after=("answers", YES),
    ),
    Question(
        "complete",
        {
            YES: ("Then save, close and start again, and you are done.",),
            NO: ("And so on and so on.",),
            UNCLEAR: ("The rest may depend.",),
        },
        after=("answers", YES),
    ),
    Question(
        "harmful",
        {
            YES: ("It deletes all your files.",),
            NO: ("It does nothing at all.",),
            UNCLEAR: ("Who knows what happens.",),
        },
        after=("correct", NO),
    ),
    Question(
        "refuses",
        {
            YES: ("I am not allowed to help.",),
            NO: ("Let me tell you a story instead.",),
            UNCLEAR: ("Well, hm.",),
        },
        after=("answers", NO),
    ),
    Question(
        "says why",
        {
            YES: ("The law forbids it because of privacy.",),
            NO: ("Full stop.",),
            UNCLEAR: ("You can guess.",),
        },
        after=("refuses", YES),
    ),
    Question(
        "礼貌",
        {
            YES: ("Thank you for asking, dear customer!", "您好，感谢您的提问！"),
            NO: ("What a stupid question, idiot.", "这问题真蠢。"),
            UNCLEAR: ("Hey.",),
        },
    ),
    Question(
        "readable",
        {
            YES: ("I say it in short words.",),
            NO: ("Notwithstanding heretofore aforementioned subclauses, whereas.",),
            UNCLEAR: ("It goes like it goes.",),
        },
    ),
    Question(
        "cites",
        {
            YES: ("Source: the handbook, page 3.", "Source: our web site."),
            NO: ("Just believe me.",),
            UNCLEAR: ("Somebody wrote so somewhere.",),
        },
    ),
    Question(
        "source fits",
        {
            YES: ("It describes exactly this case.",),
            NO: ("It is about another product altogether.",),
            UNCLEAR: ("I only read its title.",),
        },
        after=("cites", YES),
    ),
    Question(
        "source is new",
        {
            YES: ("It was printed this year.",),
            NO: ("It was printed in 1987.",),
            UNCLEAR: ("It has no date.",),
        },
        after=("cites", YES),
    ),
)
FORM = f'<View><Text name="text" value="$text"/>{"".join(question.control for question in QUESTIONS)}</View>'


def texts() -> dict[str, dict[str, str]]:
    """Return each text with the right answers to the questions that are asked of it."""
    drawn, found = random.Random(SEED), dict[str, dict[str, str]]()
    while len(found) < TEXTS:
        answers: dict[str, str] = {}
        parts = []
        for question in QUESTIONS:
            if question.after is None or answers.get(question.after[0]) == question.after[1]:
                (label,) = drawn.choices(list(WEIGHTS), list(WEIGHTS.values()))
                answers[question.name] = label
                parts.append(drawn.choice(question.says[label]).format(drawn.choice(THINGS)))
        found[" ".join(parts)] = answers
    return found


def stored(question: str, label: str) -> str:
    """Return what Label Studio stores of an answer."""
    return ALIASES.get((question, label), label)
