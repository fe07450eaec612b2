"""Bodies of HTTP: how long they say they are; answers, unpacked piece by piece and within a limit whatever they say.

Pure: bytes in, bytes out. Never unpacks what was packed twice, and never holds more than one piece of what it unpacks:
a kilobyte that was packed twice can be gigabytes.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping

__all__ = ["Body", "BodyError", "TooLargeError", "announced"]

_PIECE = 64 * 1024
"""Bytes that are unpacked at a time."""
_ANY_HEADER = zlib.MAX_WBITS | 32
"""zlib's word for data that begin with a header of gzip or of zlib."""
_NO_HEADER = -zlib.MAX_WBITS
"""zlib's word for data without one: what some servers mean by `deflate`."""
_PACKED = {"gzip": "gzip", "x-gzip": "gzip", "deflate": "deflate"}


_DIGITS = 18
"""Digits of a length that is read as a number at all."""
_BEYOND = 10**_DIGITS
"""Bytes of a body that says it has more digits of them."""


def announced(length: str) -> int | None:
    """Return how many bytes a Content-Length announces, at most more than any body has; None: it is no number."""
    if not (length.isascii() and length.isdecimal()):
        return None
    return int(length) if len(length) <= _DIGITS else _BEYOND


class BodyError(Exception):
    """A body that can't be taken; says of itself what is wrong ("is packed twice (gzip, gzip)")."""


class TooLargeError(BodyError):
    """A body of more bytes than allowed, as it comes or unpacked."""


class Body:
    """One body that comes in pieces.

    `headers` are the answer's, by names in lower case; `largest` is how many bytes the body may have, packed and
    unpacked. `is_unpacked` says that somebody else has done that already. Raises `BodyError` for an encoding
    (`Content-Encoding`, RFC 9110, 8.4) other than one of gzip and deflate, and for an announced length that is too
    large, before anything is unpacked.
    """

    def __init__(self, headers: Mapping[str, str], largest: int, *, is_unpacked: bool = False) -> None:
        encoding = "" if is_unpacked else headers.get("content-encoding", "")
        names = [
            name for name in (part.strip().lower() for part in encoding.split(",")) if name not in ("", "identity")
        ]
        if len(names) > 1:
            raise BodyError(f"is packed {len(names)} times ({encoding[:40]}), which no calendar or answer needs")
        if names and names[0] not in _PACKED:
            raise BodyError(f"is packed as {names[0][:20]!r}, which nobody asked for")
        self._name = _PACKED[names[0]] if names else ""
        self._unpacker = zlib.decompressobj(_ANY_HEADER) if names else None
        length = None if is_unpacked else announced(headers.get("content-length", ""))
        self._announced = None if length == _BEYOND else length  # which says nothing: what comes is counted
        self._largest = largest
        #: Whether what is added is unpacked already.
        self.is_unpacked = is_unpacked
        #: How many bytes came, and how many they were unpacked.
        self.came, self.size = 0, 0
        if (self._announced or 0) > largest:
            raise TooLargeError(f"is larger than {largest} bytes")

    def add(self, data: bytes) -> Iterator[bytes]:
        """Yield what a further piece of the body holds, unpacked; raises `BodyError`, and `TooLargeError` in time."""
        self.came += len(data)
        if self.came > self._largest:
            raise TooLargeError(f"is larger than {self._largest} bytes")
        for piece in (data,) if self._unpacker is None else self._unpacked(data):
            self.size += len(piece)
            if self.size > self._largest:
                raise TooLargeError(f"is larger than {self._largest} bytes")
            if piece:
                yield piece

    def end(self) -> None:
        """Raise `BodyError` where the body ended before it was whole."""
        short = self._announced is not None and self.came < self._announced
        cut = self._unpacker is not None and self.came > 0 and not self._unpacker.eof
        if short or cut:
            raise BodyError(f"ended early, after {self.came} bytes")

    def _unpacked(self, data: bytes) -> Iterator[bytes]:
        """Yield unpacked pieces of at most 64 KiB; of several gzip files after each other all are unpacked."""
        is_full = False
        while data or is_full:
            if self._unpacker is not None and self._unpacker.eof:
                data = data.lstrip(b"\0") if self._name == "gzip" else b""  # what follows may be padding
                if not data:
                    return
                self._unpacker = zlib.decompressobj(_ANY_HEADER)
            piece, data = self._next_piece(data)
            is_full = len(piece) == _PIECE  # then more may be held back, although all was read
            yield piece

    def _next_piece(self, data: bytes) -> tuple[bytes, bytes]:
        """Return a piece of what data hold, and the data that are left; the first of `deflate` may have no header."""
        for format_ in (None, _NO_HEADER) if self._name == "deflate" and self.came == len(data) else (None,):
            unpacker = self._unpacker if format_ is None else zlib.decompressobj(format_)
            assert unpacker is not None  # noqa: S101 - what is not packed is not unpacked
            try:
                piece = unpacker.decompress(data, _PIECE)
            except zlib.error:
                continue
            self._unpacker = unpacker
            return piece, unpacker.unconsumed_tail or unpacker.unused_data
        raise BodyError(f"is not packed as it says ({self._name})")
