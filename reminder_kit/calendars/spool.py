"""A calendar that comes as a stream, kept in a file while it is read.

Never holds a whole calendar in memory.
"""

from __future__ import annotations

import tempfile
from typing import BinaryIO, cast

__all__ = ["spool"]


_SPOOLED = 4 * 1024 * 1024


class _Spool(tempfile.SpooledTemporaryFile[bytes]):
    """A temporary file, on disk only where it is large, that goes with the last who holds it."""

    def __del__(self) -> None:
        self.close()


def spool() -> BinaryIO:
    """Return a new temporary file."""
    return cast("BinaryIO", _Spool(max_size=_SPOOLED))
