"""Charsets: a calendar whose server declares another one than UTF-8, as UTF-8 (RFC 5545, 3.1.4).

Never believes a declaration that what came contradicts: many servers declare what they always declare.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

from reminder_kit.calendars.spool import spool

__all__ = ["in_utf8"]

_PIECE = 256 * 1024
"""Bytes that are read at a time."""
_BEGINNINGS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""What a file begins with that says by itself in what it is written."""
_FOLD = re.compile(rb"\r?\n[ \t]")
_KNOWN = re.compile(r"cp(?!1252)\d+|iso8859-(?!1$)\d+|koi8-[rtu]|tis-620|mac-\w+|gb\w+|big5\w*|shift_jis\w*|euc_\w+")
"""The charsets that are read, by Python's names: Python has codecs that are none, too.

Windows-1252, and Latin-1, by which that is meant, are what each line is read as that is no UTF-8.
"""


def in_utf8(body: BinaryIO, declared: str | None) -> BinaryIO:
    """Return a calendar in UTF-8 where it is in the declared charset, else the same; both stand at their end.

    A byte order mark and valid UTF-8 come first; `declared` None: nothing is. What is not in that charset stays as it
    is, and is read with a warning.
    """
    charset = _known(declared)
    if charset is not None and not _is_utf8(body):
        try:
            copy = spool()
            decoder = codecs.getincrementaldecoder(charset)()
            for piece in _pieces(body):
                copy.write(decoder.decode(piece).encode("utf-8"))
            copy.write(decoder.decode(b"", final=True).encode("utf-8"))
        except UnicodeDecodeError:
            copy.close()
        else:
            return copy
    body.seek(0, 2)
    return body


def _known(declared: str | None) -> str | None:
    """Return Python's name of a charset; None: there is none of that name, or nothing is to be done about it."""
    try:
        name = codecs.lookup(declared or "utf-8").name
    except (LookupError, ValueError):
        return None
    return name if _KNOWN.fullmatch(name) else None


def _is_utf8(body: BinaryIO) -> bool:
    """Say whether a calendar is UTF-8: by its mark, or unfolded as a whole, since a fold may split a character."""
    decoder, held = codecs.getincrementaldecoder("utf-8")(), b""
    body.seek(0)
    if body.read(3).startswith(_BEGINNINGS):
        return True
    try:
        for piece in _pieces(body):
            data = held + piece
            kept = data.rstrip(b"\r\n")
            held = data[len(kept) :]
            decoder.decode(_FOLD.sub(b"", kept))
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _pieces(body: BinaryIO) -> Iterator[bytes]:
    body.seek(0)
    while piece := body.read(_PIECE):
        yield piece
