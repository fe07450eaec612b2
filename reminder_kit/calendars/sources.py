"""Sources: a path, a folder, bytes, a stream or an address as seekable files of iCalendar bytes.

Never reads more than the limits allow, and never follows an address to a file.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, cast

from attrs import define, field

from reminder_kit.calendars.settings import Limits
from reminder_kit.errors import CalendarError

__all__ = ["File", "files_of"]

_SPOOLED = 4 * 1024 * 1024
_UTF16 = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


@define
class File:
    """One file of iCalendar bytes. `label` is how problems name it; it may be read several times, and from anywhere."""

    label: str
    path: Path | None = None
    stream: BinaryIO | None = field(default=None, repr=False)

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Open it at its beginning."""
        if self.path is not None:
            with self.path.open("rb", buffering=256 * 1024) as stream:
                yield stream
            return
        stream = cast("BinaryIO", self.stream)
        stream.seek(0)
        yield stream


def files_of(source: Any, limits: Limits) -> list[File]:
    """Return the files a source consists of; raises `CalendarError` naming what cannot be used, and the remedy."""
    if isinstance(source, bytes | bytearray | memoryview):
        return [_held(bytes(source), "the calendar", limits)]
    if isinstance(source, str) and ("\n" in source or source[:15].upper() == "BEGIN:VCALENDAR"):
        return [_held(source.encode(), "the calendar", limits)]
    if isinstance(source, str) and source == "-":
        return [_spooled(sys.stdin.buffer, "standard input", limits)]
    if isinstance(source, str) and source.lower().startswith(("http://", "https://", "webcal://", "webcals://")):
        from reminder_kit.calendars.addresses import fetched

        return [_plain(File(fetched_label(source), stream=fetched(source, limits)), limits)]
    if hasattr(source, "read"):
        return [_spooled(source, getattr(source, "name", None) or "the stream", limits)]
    return _of_path(Path(source), limits)


def fetched_label(address: str) -> str:
    """Return an address without what may be secret in it: its user, password and query."""
    from urllib.parse import urlsplit

    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"


def _of_path(path: Path, limits: Limits) -> list[File]:
    if path.is_dir():
        found = sorted(each for each in path.rglob("*.ics") if each.is_file() and not each.name.startswith("."))
        if len(found) > limits.files:
            raise CalendarError(f"{path} holds more than {limits.files} files; raise the calendar's limit `files`")
        if not found:
            raise CalendarError(f"{path} holds no .ics file: give a folder with calendar files in it")
        return [File(str(each), path=each) for each in found]
    return [_checked(File(str(path), path=path), limits)]


def _checked(file: File, limits: Limits) -> File:
    """Return a file as one that can be read line by line; raises `CalendarError` where it cannot be read at all."""
    assert file.path is not None
    try:
        size = file.path.stat().st_size
        if not file.path.is_file():
            with file.path.open("rb") as stream:
                return _spooled(stream, file.label, limits)
        if size > limits.file_bytes:
            raise _too_large(file.label, limits)
        return _plain(file, limits)
    except OSError as error:
        raise CalendarError(f"{file.label} cannot be read: {error.strerror or error}") from None


def _too_large(label: str, limits: Limits) -> CalendarError:
    return CalendarError(f"{label} is larger than {limits.file_bytes} bytes; raise the calendar's limit `file_bytes`")


def _held(data: bytes, label: str, limits: Limits) -> File:
    if len(data) > limits.file_bytes:
        raise _too_large(label, limits)
    return _plain(File(label, stream=BytesIO(data)), limits)


def _spooled(stream: Any, label: str, limits: Limits) -> File:
    """Copy a stream, which can be read only once, to where it can be read again."""
    spool = tempfile.SpooledTemporaryFile(max_size=_SPOOLED)
    total = 0
    while chunk := stream.read(256 * 1024):
        data = chunk.encode() if isinstance(chunk, str) else chunk
        total += len(data)
        if total > limits.file_bytes:
            spool.close()
            raise _too_large(label, limits)
        spool.write(data)
    return _plain(File(str(label), stream=cast("BinaryIO", spool)), limits)


def _plain(file: File, limits: Limits) -> File:
    """Return a file in UTF-16, or with the line ends of old Macintoshes, as one with ordinary lines."""
    with file.opened() as stream:
        head = stream.read(64 * 1024)
        encoding = _UTF16.get(head[:2])
        if encoding is None and (b"\n" in head or b"\r" not in head):
            return file
        spool = cast("BinaryIO", tempfile.SpooledTemporaryFile(max_size=_SPOOLED))
        stream.seek(0)
        if encoding is None:
            while chunk := stream.read(256 * 1024):
                spool.write(chunk.replace(b"\r", b"\n"))
        else:
            _transcoded(stream, spool, limits)
    return File(file.label, stream=spool)


def _transcoded(stream: BinaryIO, spool: BinaryIO, limits: Limits) -> None:
    import codecs

    reader = codecs.getreader("utf-16")(stream, errors="replace")
    del limits
    shutil.copyfileobj(cast("Any", _Encoded(reader)), spool)


class _Encoded:
    """A text reader as a reader of UTF-8."""

    def __init__(self, reader: Any) -> None:
        self.reader = reader

    def read(self, size: int = -1) -> bytes:
        """Return the next piece."""
        return str(self.reader.read(size)).encode("utf-8", "replace")
