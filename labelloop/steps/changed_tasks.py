"""How a project's tasks differ from those that an attempt to certify was drawn from."""

from labelloop.domain.records import CertifyDraw
from labelloop.stores.book import Book
from labelloop.stores.certify_files import fingerprint_parts


def changed_since(book: Book, draw: CertifyDraw) -> str:
    """Return in words how the project's tasks differ from those an attempt was drawn from; empty if they do not."""
    mirror = book.mirror(draw.project_id)
    before = kept = edited = 0
    for part in fingerprint_parts(book, draw):
        now = mirror.fingerprints(sorted(part))
        before, kept = before + len(part), kept + len(now)
        edited += sum(part[task_id] != fingerprint for task_id, fingerprint in now.items())
    counts = {"added": mirror.counts().tasks - kept, "deleted": before - kept, "edited": edited}
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count)
