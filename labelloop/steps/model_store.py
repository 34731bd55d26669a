"""Stored models: how a version comes back to life."""

from dataclasses import replace

from labelloop.domain.records import Fit
from labelloop.extras import missing_extras_reported
from labelloop.learners.base import Model, ModelContext
from labelloop.learners.by_unit import learner_of_saved
from labelloop.learners.model_io import OtherEncoder
from labelloop.plugins import learner
from labelloop.stores.book import Book

MODEL_FOLDER = "model"


def load_model(book: Book, fit: Fit, *, context: ModelContext) -> Model:
    """Load the model that came out of a fit, with the encoder that it was fitted with.

    Raises BrokenPromise if its files are missing or damaged, MissingExtra if it runs on a package that is not here.
    """
    context = context.fitted_with(fit.encoder)
    with book.artifacts.folder(fit.artifact) as folder, missing_extras_reported():
        chosen = learner_of_saved(folder / MODEL_FOLDER, learner(fit.learner))
        try:
            return chosen.load(folder / MODEL_FOLDER, context)
        except OtherEncoder as error:  # a fit that names no encoder: that of the settings may have changed since
            encode = context.encoders.with_digest(error.digest) if context.encoders else None
            if encode is None:
                raise
            return chosen.load(folder / MODEL_FOLDER, replace(context, encode=encode))
