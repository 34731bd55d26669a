"""What annotators are called, asked of a real Label Studio."""

from sync.api.client import LabelStudio
from sync.people_names import people_names
from workers.demo.accounts import Annotator
from workers.local.label_studio import RunningLabelStudio


def test_annotators_have_first_and_last_name_or_their_address(
    client: LabelStudio, label_studio: RunningLabelStudio, people: list[Annotator]
) -> None:
    """By the numbers that annotations carry; the administrator has given no name."""
    numbers = {user.email: user.id for user in client.users()}
    names = people_names(client)
    assert [names[numbers[person.email]] for person in people] == [person.name for person in people]
    assert names[numbers[label_studio.email]] == label_studio.email
