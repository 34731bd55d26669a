"""Stored models: how a version comes back to life."""

from labelloop.domain.records import Fit
from labelloop.learners.base import Encode, Model
from labelloop.plugins import learner
from labelloop.stores.book import Book

MODEL_FOLDER = "model"


def load_model(book: Book, fit: Fit, *, encode: Encode) -> Model:
    """Load the model that came out of a fit; raises BrokenPromise if its files are missing or damaged."""
    with book.artifacts.folder(fit.artifact) as folder:
        return learner(fit.learner).load(folder / MODEL_FOLDER, encode=encode)
