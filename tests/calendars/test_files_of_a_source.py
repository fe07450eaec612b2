"""The files that a source consists of: how each is called, what it holds, and what each refusal says."""

from __future__ import annotations

import io
import os
import sys

import pytest

from reminder_kit.calendars import Limits
from reminder_kit.calendars.sources import File, Held, files_of, look_at, what_it_is
from reminder_kit.errors import CalendarError


def held(source, **limits):
    """Return the bytes of each file of a source, by its label, read twice."""
    found = []
    for file in files_of(source, Limits(**limits)):
        for _ in range(2):
            with file.opened() as stream:
                data = stream.read()
        found.append((file.label, data))
    return found


@pytest.mark.parametrize(
    ("source", "label"),
    [
        (b"a\nb", "the calendar"),
        (bytearray(b"a\nb"), "the calendar"),
        (memoryview(b"a\nb"), "the calendar"),
        ("a\nb", "the calendar"),
        (io.BytesIO(b"a\nb"), "the stream"),
        (io.StringIO("a\nb"), "the stream"),
    ],
    ids=["bytes", "bytearray", "memoryview", "text", "stream", "stream of text"],
)
def test_what_is_in_memory_is_one_file(source, label):
    """Called a calendar, or a stream."""
    assert held(source) == [(label, b"a\nb")]


@pytest.mark.parametrize(
    ("source", "data"),
    [
        ("begin:vcalendar", b"begin:vcalendar"),
        ("BEGIN:VCALENDAR;X", b"BEGIN:VCALENDAR;X"),
        ("a\rb", b"a\nb"),
        ("a\r\nb", b"a\r\nb"),
        ("é\n", "é\n".encode()),
        ("\ud800\n", b"?\n"),
        ("a\nb".encode("utf-16"), b"a\nb"),
        (b"\xff\xfea\x00\r\x00", b"a\r"),
        (b"\xfe\xff\x00a\x00\n", b"a\n"),
        (b"\xff\xfea\x00\x00\xd8b\x00", "a\ufffdb".encode()),
        (b"x" * 65536 + b"\r", b"x" * 65536 + b"\r"),
        (b"x" * 65535 + b"\r" + b"\r\n", b"x" * 65535 + b"\n\n\n"),
    ],
    ids=[
        "one line", "and more", "old Macintosh", "Windows", "letters", "half a letter", "UTF-16", "little end",
        "big end", "broken", "beyond the head", "within the head",
    ],
)  # fmt: skip
def test_text_is_read_as_utf_8_with_ordinary_lines(source, data):
    """Whatever it is written in."""
    assert held(source) == [("the calendar", data)]


def test_utf_16_is_read_in_pieces():
    """A character may lie on the border of two."""
    text = "é" * 300_000
    assert held(b"\xff\xfe" + b"x\x00" + text.encode("utf-16-le")) == [("the calendar", f"x{text}".encode())]


def test_a_stream_is_called_by_its_name(tmp_path):
    """Where it has one."""
    path = tmp_path / "a.ics"
    path.write_bytes(b"a\n")
    with path.open("rb") as stream:
        assert held(stream) == [(str(path), b"a\n")]
    nameless = io.BytesIO(b"a\n")
    nameless.name = ""
    assert held(nameless) == [("the stream", b"a\n")]


def test_standard_input_is_a_hyphen(monkeypatch):
    """And called so."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a\n")))
    assert held("-") == [("standard input", b"a\n")]


def test_paths_are_called_as_they_are_and_lists_are_all_of_theirs(tmp_path):
    """A file, a folder in its order, a pipe."""
    for name in ("b.ics", "a.ics", "c.ICS", "d.txt"):
        (tmp_path / name).write_bytes(name.encode() + b"\n")
    (tmp_path / "e.ics").mkdir()
    file, folder = tmp_path / "d.txt", [(str(tmp_path / name), f"{name}\n".encode()) for name in ("a.ics", "b.ics")]
    assert held(file) == held(str(file)) == [(str(file), b"d.txt\n")]
    assert held(tmp_path) == folder
    assert held([file, (tmp_path, "x\n")]) == [(str(file), b"d.txt\n"), *folder, ("the calendar", b"x\n")]
    assert held(File("given", file)) == [("given", b"d.txt\n")]
    read, write = os.pipe()
    os.write(write, b"piped\n")
    os.close(write)
    assert held(f"/dev/fd/{read}") == [(f"/dev/fd/{read}", b"piped\n")]
    os.close(read)


def failure(source, **limits):
    with pytest.raises(CalendarError) as caught:
        files_of(source, Limits(**limits))
    return str(caught.value)


def test_each_source_may_be_as_large_as_its_limit(tmp_path):
    """One byte more is refused by name of the limit."""
    (tmp_path / "a.ics").write_bytes(b"x" * 6)
    (tmp_path / "b.ics").write_bytes(b"x" * 4)
    file = tmp_path / "a.ics"
    for label, source, size in (
        ("the calendar", b"x" * 6, 6),
        ("the calendar", "xxxxx\n", 6),
        ("the stream", io.BytesIO(b"x" * 6), 6),
        (str(file), file, 6),
        (str(tmp_path), tmp_path, 10),
    ):
        assert held(source, file_bytes=size)
        if isinstance(source, io.BytesIO):
            source.seek(0)
        said = f"{label} is larger than {size - 1} bytes; raise the calendar's limit `file_bytes`"
        assert failure(source, file_bytes=size - 1) == said
    assert len(held(tmp_path, files=2)) == 2
    assert failure(tmp_path, files=1) == f"{tmp_path} holds more than 1 files; raise the calendar's limit `files`"


def test_what_can_not_be_read_is_told_with_the_reason(tmp_path):
    """In the system's words, or what else is wrong with it."""
    assert failure(tmp_path) == f"{tmp_path} holds no .ics file: give a folder with calendar files in it"
    assert failure(tmp_path / "no.ics") == f"{tmp_path / 'no.ics'} cannot be read: No such file or directory"
    assert failure("a\0b") == "a\0b cannot be read: embedded null byte"
    assert failure(7) == "a calendar is a path, bytes, text, a stream or an address, not a int"
    assert failure(None) == "a calendar is a path, bytes, text, a stream or an address, not a NoneType"


def test_pieces_of_several_files_are_read_one_after_the_other(tmp_path):
    """One is open at a time, and none once the reading is over."""
    path = tmp_path / "a"
    path.write_bytes(b"0123456789")
    pieces = Held([File("a", path), File("b", io.BytesIO(b"abcdef"))])
    with pieces:
        read = [pieces.read(*place) for place in ((0, 2, 3), (0, 0, 2), (1, 1, 2), (0, 9, 5), (1, 0, 1))]
        assert read == [b"234", b"01", b"bc", b"9", b"a"]
        pieces.read(0, 0, 1)
        path.unlink()
        assert pieces.read(0, 5, 2) == b"56"
    with pytest.raises(FileNotFoundError):
        pieces.read(0, 0, 1)


def test_a_look_tells_files_that_differ_in_anything(tmp_path):
    """In their bytes, their names and their borders; a file that can't be read is another one than an empty one."""
    digests = []
    for name, data in (("a", b"1"), ("a", b"2"), ("b", b"2"), ("b", b"")):
        for old in tmp_path.glob("*.ics"):
            old.unlink()
        (tmp_path / f"{name}.ics").write_bytes(data)
        look = look_at(str(tmp_path), Limits(), {})
        digests.append(look.digest)
        assert (look.digest, look.conditions) == (look_at(str(tmp_path), Limits(), {"x": "y"}).digest, {})
        assert [file.label for file in look.files] == [str(tmp_path / f"{name}.ics")]
        assert len(look.digest) == 32
    assert len(set(digests)) == 4
    (tmp_path / "b.ics").unlink()
    (tmp_path / "b.ics").symlink_to(tmp_path / "c")
    (tmp_path / "c").write_bytes(b"")
    assert look_at(str(tmp_path), Limits(), {}).digest == digests[3]
    large = b"x" * (256 * 1024)
    for data in (large + b"1", large + b"2"):
        (tmp_path / "c").write_bytes(data)
        digests.append(look_at(str(tmp_path), Limits(), {}).digest)
    assert len(set(digests)) == 6


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b" \r\n ", "is empty"),
        (b" <!DOCTYPE html>", "is a web page (perhaps a log-in page) and no calendar"),
        (b"<HTML>", "is a web page (perhaps a log-in page) and no calendar"),
        (b"<?xml version='1.0'?>", "is a web page (perhaps a log-in page) and no calendar"),
        (b"{}", "is no calendar"),
        (b" " * 512 + b"<html>", "is empty"),
        (b" " * 507 + b"<html>", "is a web page (perhaps a log-in page) and no calendar"),
        (b" " * 508 + b"<html>", "is no calendar"),
    ],
)
def test_what_is_no_calendar_is_called_what_it_looks_like(data, said):
    """By its first five hundred and twelve bytes."""
    assert what_it_is(File("a", io.BytesIO(data))) == said


class Unnamed:
    """A path of a host that names nothing."""

    def __fspath__(self):
        return ""


@pytest.mark.parametrize("source", ["", Unnamed(), [""]], ids=["text", "a path", "one of several"])
def test_an_empty_path_is_not_the_current_folder(tmp_path, monkeypatch, source):
    """Nothing is read in its place; who means that folder says so."""
    (tmp_path / "clinic.ics").write_bytes(b"a")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CalendarError, match="path is empty"):
        files_of(source, Limits())
    assert [file.label for file in files_of(".", Limits())] == ["clinic.ics"]
