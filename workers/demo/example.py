"""What a demo needs: texts, what people say of each, and how their project is looped."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from labelloop.rules import Rules


@dataclass(frozen=True, slots=True)
class DemoText:
    """A text and what its raters say of it, in labels of the example; a place in `ratings` is no fixed person."""

    id: str
    text: str
    ratings: tuple[str, ...]


@dataclass(frozen=True)
class Example:
    """A set of texts for the demo: how many become `tasks`, and how many of those the certificate draws (`certify`).

    `load` fetches the texts into a folder where they are not there yet; no two of them are the same. `about` says in
    one sentence what they are and who answers.
    """

    name: str
    about: str
    field: str
    labels: tuple[str, ...]
    tasks: int
    rounds: int
    certify: int
    rules: Rules
    load: Callable[[Path], list[DemoText]]

    @property
    def title(self) -> str:
        """Return the project's title in Label Studio."""
        return f"LabelLoop demo: {self.name} (simulated annotators)"

    @property
    def label_config(self) -> str:
        """Return the labelling configuration."""
        choices = " ".join(f'<Choice value="{label}"/>' for label in self.labels)
        return f"""<View>
  <Text name="text" value="$text"/>
  <Choices name="{self.field}" toName="text" choice="single" showInLine="true" required="true">
    {choices}
  </Choices>
</View>"""
