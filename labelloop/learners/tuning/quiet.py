"""transformers without progress bars and advice: our own log says what matters."""


def hush() -> None:
    """Silence transformers in this process."""
    from transformers.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
