"""Any Hugging Face checkpoint trained to tag tokens, for spans."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from labelloop.domain.predictions import Prediction
from labelloop.domain.schema import Field
from labelloop.domain.values import FieldKind
from labelloop.errors import NothingToLearn
from labelloop.learners.base import Example, FitContext
from labelloop.learners.calibration.platt import PlattScaling
from labelloop.learners.model_io import damage_reported, read_json, write_json
from labelloop.learners.spans.span_decision import Decision, decide_spans, predictions
from labelloop.learners.spans.span_documents import documents_of, labels_in
from labelloop.learners.spans.tag_sets import Layer, layers_of, outputs_of
from labelloop.learners.token_finetune.fit import train_tagger
from labelloop.learners.training.checkpoint_learner import CheckpointLearner
from labelloop.learners.training.checkpoint_ref import CheckpointRef, restore
from labelloop.learners.training.network import Network
from labelloop.learners.training.token_classifier import Windows, load_token_classifier, unit_logits, windows_of


@dataclass(frozen=True, slots=True)
class TokenFinetuneMetadata:
    """What is stored beside the weights; `outside` is added to the logit of being outside a span."""

    layers: tuple[Layer, ...]
    outside: float
    curve: PlattScaling
    origin: CheckpointRef


@dataclass(frozen=True, slots=True, eq=False)
class TokenFinetunedModel:
    """Implements Model: a network of its own, run by torch, then the likeliest legal tags."""

    metadata: TokenFinetuneMetadata
    network: Network
    windows: Windows

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Return one answer per text."""
        return predictions(texts, [self._decide(text) for text in texts], self.metadata.curve)

    def _decide(self, text: str) -> Decision:
        units, logits = unit_logits(self.network, self.windows, text)
        return decide_spans(logits, units, self.metadata.layers, self.metadata.outside)

    def save(self, directory: Path) -> None:
        """Write weights (safetensors), tokenizer and `spans.json`; of a large checkpoint only what was trained."""
        self.network.save(directory)
        curve = self.metadata.curve
        write_json(directory / "spans.json", asdict(self.metadata) | {"curve": [curve.slope, curve.offset]})


class TokenFinetuneLearner(CheckpointLearner[TokenFinetunedModel]):
    """Implements Learner: `token-finetune:CHECKPOINT`, a folder or a Hugging Face id; without it the project's encoder.

    A fifth of the documents is held out: it says when to stop, which outside bias is best and how sure the model may
    be. Texts longer than the checkpoint reads are tagged in windows that overlap. A checkpoint of 400 million weights
    or more is adapted (LoRA) and stored without its own weights. Serving needs torch.
    """

    name = "token-finetune"
    kinds = frozenset({FieldKind.SPANS})

    def fit(self, field: Field, examples: Sequence[Example], context: FitContext) -> TokenFinetunedModel:
        """Fit a model to the examples; raises NothingToLearn, Diverged, OutOfMemory or another UserError."""
        documents = documents_of(field, examples)
        labels = labels_in(field, documents)
        if not labels:
            raise NothingToLearn(f"Nobody has marked anything in {field.name} yet: fine-tuning needs some spans.")
        layers = layers_of(labels, [d.spans for d in documents])
        with self.run(context) as run:
            network, outside, curve = train_tagger(run, documents, layers)
        metadata = TokenFinetuneMetadata(layers, outside, curve, run.ref(network))
        context.report(1.0)
        return TokenFinetunedModel(metadata, network, windows_of(network))

    def restored(self, directory: Path) -> TokenFinetunedModel:
        """Return the model that was saved; raises as `load` does."""
        with damage_reported(directory):
            about = read_json(directory / "spans.json")
            layers = tuple(tuple(layer) for layer in about["layers"])
            curve, origin = PlattScaling(*about["curve"]), CheckpointRef(**about["origin"])
            metadata = TokenFinetuneMetadata(layers, about["outside"], curve, origin)
        network = restore(origin, directory, partial(load_token_classifier, outputs=outputs_of(layers)), Network)
        return TokenFinetunedModel(metadata, network, windows_of(network))
