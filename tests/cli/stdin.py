"""A stand-in for sys.stdin."""

import io
from pathlib import Path


class Stdin:
    """Text stream over the bytes of a file, as far as the command line needs it."""

    def __init__(self, path):
        self.buffer = io.BytesIO(Path(path).read_bytes())
        self.buffer.name = "<stdin>"
