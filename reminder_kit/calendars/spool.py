"""A file for a calendar that comes as a stream, while it is read.

Never holds a large calendar in memory.
"""

from __future__ import annotations

import tempfile
from typing import BinaryIO, cast

__all__ = ["spool"]

_SPOOLED = 4 * 1024 * 1024
"""Bytes beyond which the file is on disk."""


class _Spool(tempfile.SpooledTemporaryFile[bytes]):
    """A temporary file, on disk only where it is large, that is removed once nobody holds it."""

    def __del__(self) -> None:
        self.close()


def spool() -> BinaryIO:
    """Return a new temporary file, open for writing and reading."""
    return cast("BinaryIO", _Spool(max_size=_SPOOLED))
