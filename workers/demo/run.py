"""The demo's project in Label Studio."""

import hashlib
from collections.abc import Sequence

from sync.client import LabelStudio
from workers.demo.tweets import LABELS, RatedTweet

TITLE = "LabelLoop demo: tweets (simulated annotators)"
FIELD = "sentiment"
CONFIG = f"""<View>
  <Text name="text" value="$text"/>
  <Choices name="{FIELD}" toName="text" choice="single" showInLine="true" required="true">
    {" ".join(f'<Choice value="{label}"/>' for label in LABELS)}
  </Choices>
</View>"""


def prepare_project(client: LabelStudio, tweets: Sequence[RatedTweet], n: int) -> int:
    """Return the id of the demo's project with `n` of the tweets as tasks; what is there already is kept.

    Which tweets is decided by hash, so that a larger `n` only adds to a smaller one.
    """
    existing = next((project for project in client.projects() if project.title == TITLE), None)
    project = existing or client.create_project(TITLE, CONFIG)
    present = {str(task.data.get("tweet")) for page in client.task_pages(project.id) for task in page}
    wanted = sorted(tweets, key=lambda tweet: hashlib.sha256(tweet.id.encode()).digest())[:n]
    missing = [tweet for tweet in wanted if tweet.id not in present]
    client.import_tasks(project.id, [{"data": {"text": tweet.text, "tweet": tweet.id}} for tweet in missing])
    return project.id
