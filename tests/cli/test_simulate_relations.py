"""`labelloop simulate` with relations: the labelling configuration says what an export alone does not."""

import json
from pathlib import Path

import pytest

from sync.codecs.form_codec import merged_regions
from sync.config.label_config import parse
from tests.cli.conftest import Run
from tests.core.relation_form import answers, text

CONFIG = (
    '<View><Text name="text" value="$text"/><Labels name="who" toName="text"><Label value="Person"/>'
    '<Label value="Org"/></Labels><Relations><Relation value="works for"/><Relation value="left"/></Relations></View>'
)
ASKED = [n for n in range(240) if text(n).isascii()][:120]  # others would get the multilingual encoder
HOW = ("--rounds", "30", "--seeds", "1")


@pytest.fixture
def export(tmp_path: Path) -> str:
    """Return an export of texts with people, firms, and what they are to each other; two people agree on each."""
    fields = {field.name: field for field in parse(CONFIG).fields}
    tasks = []
    for n in ASKED:
        result = merged_regions([(fields[name], value) for name, value in answers(n).items()])
        said = [{"completed_by": person, "result": result} for person in (1, 2)]
        tasks.append({"id": n, "data": {"text": text(n)}, "annotations": said})
    tasks.append({"id": 999, "data": {"text": "nobody is named"}, "annotations": [{"completed_by": 1, "result": []}]})
    (tmp_path / "export.json").write_text(json.dumps(tasks), "utf-8")
    (tmp_path / "config.xml").write_text(CONFIG, "utf-8")
    return str(tmp_path / "export.json")


def test_relations_have_a_curve(run: Run, export: str, tmp_path: Path) -> None:
    """A text that names nobody is not asked about; two regions that nobody relates are an answer."""
    done = run("simulate", export, "--label-config", str(tmp_path / "config.xml"), *HOW)

    assert (done.status, done.err) == (0, "")
    assert "Read: 121 texts; who (spans): Person, Org" in done.out
    assert "Read: 120 texts; relations (relations): works for, left" in done.out
    assert 'Of these 40 have no label: read as the answer "none".' in done.out
    assert "Left out: not asked annotations: 1." in done.out
    assert "export.json, relations, typical-then-cluster-margin" in done.out


def test_a_field_that_the_learner_cannot_learn_holds_up_no_other(run: Run, export: str, tmp_path: Path) -> None:
    """It is named with the reason; alone it is an error."""
    how = ("--label-config", str(tmp_path / "config.xml"), *HOW, "--learner", "logistic")
    done = run("simulate", export, *how)

    assert done.status == 0
    assert done.err.startswith("Not replayed: who: The learner logistic cannot learn spans")
    assert "relations (relations)" in done.out
    assert run("simulate", export, "--field", "who", *how).status == 2


def test_without_the_configuration_it_is_asked_for(run: Run, export: str) -> None:
    """An export alone does not say which regions could be related."""
    refused = run("simulate", export, "--field", "relations", *HOW)

    assert refused.status == 2
    assert "--label-config" in refused.err
