"""Sources: a path, folder, bytes, text, stream or address as files of iCalendar bytes that can be read twice.

Never reads more than the limits allow, and never changes a file.
"""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from attrs import define, field, frozen

from reminder_kit.calendars.settings import Limits, foreign_scheme, is_address
from reminder_kit.calendars.spool import spool
from reminder_kit.errors import CalendarError

__all__ = ["File", "Held", "Look", "files_of", "look_at", "what_it_is"]

_PIECE = 256 * 1024
"""Bytes that are read at a time."""


@frozen
class File:
    """One file of iCalendar bytes."""

    #: How problems name it.
    label: str
    #: Where it is, or a copy of our own that can be read from its beginning.
    place: Path | BinaryIO = field(repr=False)

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Open the file at its beginning, as often as needed; raises `OSError`."""
        if isinstance(self.place, Path):
            with self.place.open("rb", buffering=_PIECE) as stream:
                yield stream
        else:
            self.place.seek(0)
            yield self.place


@define
class Held:
    """Files of which one is open at a time, while pieces of them are read; a context that closes it."""

    files: list[File]
    _number: int = -1
    _stream: BinaryIO | None = None
    _open: ExitStack = field(factory=ExitStack, repr=False)

    def __enter__(self) -> None:
        """Begin with none open."""

    def __exit__(self, *_error: object) -> None:
        self._open.close()
        self._number, self._stream = -1, None

    def read(self, number: int, offset: int, length: int) -> bytes:
        """Return a piece of a file, by its number; raises `OSError`."""
        if self._stream is None or self._number != number:
            self._open.close()
            self._stream, self._number = self._open.enter_context(self.files[number].opened()), number
        self._stream.seek(offset)
        return self._stream.read(length)


def files_of(source: Any, limits: Limits) -> list[File]:
    """Return the files that a source consists of; raises `CalendarError` naming what cannot be used, and the remedy."""
    if isinstance(source, File):
        return [source]
    if isinstance(source, bytes | bytearray | memoryview):
        return [_in_memory(bytes(source), limits)]
    if isinstance(source, str):
        return _of_text(source, limits)
    if hasattr(source, "read"):
        return [_spooled(source, str(getattr(source, "name", None) or "the stream"), limits)]
    if isinstance(source, list | tuple):
        return [file for part in source for file in files_of(part, limits)]
    if isinstance(source, os.PathLike):
        return _of_path(_named(os.fspath(source)), limits)
    raise CalendarError(f"a calendar is a path, bytes, text, a stream or an address, not a {type(source).__name__}")


@frozen
class Look:
    """What a look at a source shows, before anything of it is read."""

    #: Its files; None: its address says that it is what it was.
    files: list[File] | None
    #: The digest of its bytes; "": as it was.
    digest: str
    #: The headers by which an address is asked the next time whether anything changed.
    conditions: Mapping[str, str]


def look_at(source: str, limits: Limits, conditions: Mapping[str, str]) -> Look:
    """Look at a path or address; `conditions` are those of the last look, none: it is wanted in any case.

    Raises `CalendarError` as `files_of` does.
    """
    given: Mapping[str, str] = {}
    if is_address(source):
        from reminder_kit.calendars.http_source import fetched_if_changed, shown

        body, given = fetched_if_changed(source, limits, conditions)
        if body is None:
            return Look(None, "", given)
        files = [_with_plain_lines(File(shown(source), body))]
    else:
        files = files_of(source, limits)
    return Look(files, _digest(files), given)


def _digest(files: list[File]) -> str:
    total = blake2b(digest_size=16)
    for file in files:
        total.update(file.label.encode("utf-8", "replace") + b"\0")
        try:
            with file.opened() as stream:
                while piece := stream.read(_PIECE):
                    total.update(piece)
        except OSError:  # which is told where it is read
            total.update(b"\0?")
    return total.hexdigest()


def _of_text(source: str, limits: Limits) -> list[File]:
    if "\n" in source or "\r" in source or source[:15].upper() == "BEGIN:VCALENDAR":
        return [_in_memory(source.encode("utf-8", "replace"), limits)]
    if source == "-":
        return [_spooled(sys.stdin.buffer, "standard input", limits)]
    if is_address(source):
        from reminder_kit.calendars.http_source import fetched, shown

        return [_with_plain_lines(File(shown(source), fetched(source, limits)))]
    if wrong := foreign_scheme(source):
        raise CalendarError(wrong)
    return _of_path(_named(source), limits)


def _named(path: str) -> Path:
    """Return a path; raises `CalendarError` for an empty one, which `Path` takes for the current folder."""
    if not path:
        raise CalendarError('a calendar\'s path is empty: name a file or a folder; "." is the current one')
    return Path(path)


def _of_path(path: Path, limits: Limits) -> list[File]:
    try:
        if path.is_dir():
            return _in_folder(path, limits)
        if not path.is_file():
            with path.open("rb") as stream:
                return [_spooled(stream, str(path), limits)]
        if path.stat().st_size > limits.file_bytes:
            raise _too_large(str(path), limits)
        return [_with_plain_lines(File(str(path), path))]
    except (OSError, ValueError) as error:
        if isinstance(error, CalendarError):
            raise
        raise CalendarError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _in_folder(path: Path, limits: Limits) -> list[File]:
    """Return a folder's calendar files, one an event as CalDAV servers have them; hidden ones are none of it."""
    found = sorted(file for file in path.rglob("*.ics") if file.is_file() and not _is_hidden(file.relative_to(path)))
    if len(found) > limits.files:
        raise CalendarError(f"{path} holds more than {limits.files} files; raise the calendar's limit `files`")
    if not found:
        raise CalendarError(f"{path} holds no .ics file: give a folder with calendar files in it")
    if sum(path.stat().st_size for path in found) > limits.file_bytes:
        raise _too_large(str(path), limits)
    return [File(str(path), path) for path in found]


def _is_hidden(path: Path) -> bool:
    """Say whether any part of a path below the folder is hidden: half-written files, `.git`, `.Radicale.cache`."""
    return any(part.startswith(".") for part in path.parts)


def _too_large(label: str, limits: Limits) -> CalendarError:
    return CalendarError(f"{label} is larger than {limits.file_bytes} bytes; raise the calendar's limit `file_bytes`")


def _in_memory(data: bytes, limits: Limits) -> File:
    if len(data) > limits.file_bytes:
        raise _too_large("the calendar", limits)
    return _with_plain_lines(File("the calendar", BytesIO(data)))


def _spooled(stream: Any, label: str, limits: Limits) -> File:
    """Return a copy of a stream, which itself can be read only once."""
    copy = spool()
    total = 0
    while chunk := stream.read(_PIECE):
        data = chunk.encode("utf-8", "replace") if isinstance(chunk, str) else chunk
        total += len(data)
        if total > limits.file_bytes:
            raise _too_large(label, limits)
        copy.write(data)
    return _with_plain_lines(File(label, copy))


def _with_plain_lines(file: File) -> File:
    """Return a file in UTF-16, or with the line ends of old Macintoshes, as one in UTF-8 with ordinary lines."""
    with file.opened() as stream:
        head = stream.read(64 * 1024)
        stream.seek(0)
        if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            decoder = codecs.getincrementaldecoder("utf-16")("replace")
            return _rewritten(file, stream, lambda piece: decoder.decode(piece).encode("utf-8", "replace"))
        if b"\r" in head and b"\n" not in head:
            return _rewritten(file, stream, lambda piece: piece.replace(b"\r", b"\n"))
    return file


def _rewritten(file: File, stream: BinaryIO, change: Any) -> File:
    """Return a copy of a file with each piece changed."""
    copy = spool()
    while piece := stream.read(_PIECE):
        copy.write(change(piece))
    return File(file.label, copy)


def what_it_is(file: File) -> str:
    """Return what a file is that is no calendar, as the end of a sentence."""
    with file.opened() as stream:
        head = stream.read(512).lstrip().lower()
    if not head:
        return "is empty"
    if head.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "is a web page (perhaps a log-in page) and no calendar"
    return "is no calendar"
