"""Any Hugging Face checkpoint trained to tag tokens, for spans."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labelloop.domain.predictions import Answer
from labelloop.domain.schema import Field
from labelloop.domain.values import FieldKind, Spans
from labelloop.encoders.base import Encode
from labelloop.errors import NothingToLearn
from labelloop.learners.base import Example, Scratch
from labelloop.learners.platt import Curve
from labelloop.learners.stored import told_plainly
from labelloop.learners.tagging.decision import Decision, decide_spans
from labelloop.learners.tagging.files import read_about, write
from labelloop.learners.tagging.layers import Layer, layers_of, outputs_of
from labelloop.learners.tagging.material import documents_of, labels_in
from labelloop.learners.tagging.token_network import Windows, unit_logits, windows_of
from labelloop.learners.tuning.origin import Origin, origin_of, revive
from labelloop.learners.tuning.reader import Reader

if TYPE_CHECKING:
    from labelloop.learners.tuning.network import Network


@dataclass(frozen=True, slots=True, eq=False)
class TokenFinetunedModel:
    """Implements Model: a network of its own, run by torch, then the likeliest legal tags.

    `about` is what is stored beside the weights.
    """

    about: dict[str, Any]
    network: "Network"
    windows: Windows

    def answer(self, texts: Sequence[str]) -> list[Answer]:
        """Return one answer per text."""
        decisions = [self._decide(text) for text in texts]
        sure = Curve(*self.about["curve"])([decision.score for decision in decisions])
        return [Answer(Spans(d.spans), d.margin, float(p)) for d, p in zip(decisions, sure, strict=True)]

    def _decide(self, text: str) -> Decision:
        units, logits = unit_logits(self.network, self.windows, text)
        return decide_spans(logits, units, _layers(self.about), self.about["outside"])

    def save(self, directory: Path) -> None:
        """Write weights (safetensors), tokenizer and `spans.json`; of a large checkpoint only what was trained."""
        self.network.save(directory)
        write(directory, self.about)


class TokenFinetuneLearner:
    """Implements Learner: `token-finetune:CHECKPOINT`, a folder or a Hugging Face id; without it the project's encoder.

    A fifth of the documents is held out: it says when to stop, how eager and how sure the model may be. Texts longer
    than the checkpoint reads are tagged in windows that overlap. A checkpoint of 400 million weights or more is adapted
    (LoRA) and stored without its own weights. Serving needs torch.
    """

    name = "token-finetune"
    kinds = frozenset({FieldKind.SPANS})
    background = True

    def __init__(self, checkpoint: str = "") -> None:
        self._checkpoint = checkpoint

    def fit(
        self,
        field: Field,
        examples: Sequence[Example],
        *,
        pool: Sequence[str] = (),  # noqa: ARG002
        encode: Encode,
        seed: int,
        scratch: Scratch,
    ) -> TokenFinetunedModel:
        """Fit a model to the examples; raises NothingToLearn, Diverged, OutOfMemory or another UserError."""
        from labelloop.learners.tagging.token_fit import fine_tuned

        documents = documents_of(field, examples)
        labels = labels_in(field, documents)
        if not labels:
            raise NothingToLearn(f"Nobody has marked anything in {field.name} yet: fine-tuning needs some spans.")
        layers = layers_of(labels, [d.spans for d in documents])
        checkpoint = self._checkpoint or encode.source
        trained = fine_tuned(documents, layers, checkpoint, seed=seed, scratch=scratch)
        about = {
            "layers": [list(layer) for layer in layers],
            "outside": trained.outside,
            "curve": [trained.curve.slope, trained.curve.offset],
            "origin": asdict(origin_of(checkpoint, trained.folder, trained.network)),
        }
        scratch.report(1.0)
        return TokenFinetunedModel(about, trained.network, windows_of(trained.network))

    def load(self, directory: Path, *, encode: Encode) -> TokenFinetunedModel:  # noqa: ARG002
        """Read a saved model; raises BrokenPromise if it cannot be read, UserError if its checkpoint is gone."""
        with told_plainly(directory):
            about = dict(read_about(directory))
            origin = Origin(**about["origin"])
            Curve(*about["curve"])
        network = _revived(origin, directory, _layers(about))
        return TokenFinetunedModel(about, network, windows_of(network))


def _layers(about: dict[str, Any]) -> tuple[Layer, ...]:
    return tuple(tuple(layer) for layer in about["layers"])


def _revived(origin: Origin, directory: Path, layers: Sequence[Layer]) -> "Network":
    from labelloop.learners.tagging.token_network import load_token_network
    from labelloop.learners.tuning.device import best_device
    from labelloop.learners.tuning.network import Network

    def made(base: Path, reader: Reader) -> Network:
        body = load_token_network(origin.checkpoint, base, outputs=outputs_of(layers), pad_id=reader.pad_id)
        return Network(body, reader, best_device(), adapted=origin.adapted)

    return revive(origin, directory, made)
