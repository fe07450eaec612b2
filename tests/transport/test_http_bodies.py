"""Facts about bodies: unpacked in pieces, whole or refused, and never more than was allowed."""

from __future__ import annotations

import gzip
import random
import zlib

import pytest

from reminder_kit.http_bodies import Body, BodyError, TooLargeError

TEXT = b"".join(b"DESCRIPTION:%d\r\n" % number for number in range(40_000))
RAW = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
PACKED = {
    "": TEXT,
    "identity": TEXT,
    "gzip": gzip.compress(TEXT),
    "GZip, identity": gzip.compress(TEXT),
    "x-gzip": gzip.compress(TEXT[:9]) + gzip.compress(TEXT[9:]) + b"\0" * 512,
    "deflate": zlib.compress(TEXT),
    "Deflate": RAW.compress(TEXT) + RAW.flush(),
}


def unpacked(encoding, data, size, largest=10_000_000, **headers):
    body = Body({"content-encoding": encoding, **headers}, largest)
    found = [piece for at in range(0, len(data), size) for piece in body.add(data[at : at + size])]
    body.end()
    assert all(len(piece) <= max(64 * 1024, size) for piece in found)
    return b"".join(found)


@pytest.mark.parametrize("size", [7, 1000, 65536, 10_000_000])
@pytest.mark.parametrize("encoding", PACKED)
def test_a_body_is_unpacked_however_it_is_cut(encoding, size):
    """gzip, several of them after each other, deflate with and without its header: each gives the same bytes."""
    assert unpacked(encoding, PACKED[encoding], size) == TEXT


def test_what_fills_a_piece_to_the_brim_is_whole():
    """What an unpacker holds back, having read all its input, comes too."""
    for length in range(65_536 * 2 - 300, 65_536 * 2 + 300, 7):
        text = b"a" * length
        assert unpacked("gzip", gzip.compress(text), 10_000) == text


@pytest.mark.parametrize("encoding", ["gzip, gzip", "deflate,gzip", "gzip, identity, gzip", "br", "zstd", "compress"])
def test_what_was_not_asked_for_is_refused_before_it_is_unpacked(encoding):
    """A body that is packed more than once, or in another way, is refused as it begins."""
    with pytest.raises(BodyError, match="is packed"):
        Body({"content-encoding": encoding}, 1000)


def test_nothing_is_unpacked_beyond_what_is_allowed():
    """A bomb is given up within a piece of its limit; so is what is too large as it comes, or says that it will be."""
    body, bomb = Body({"content-encoding": "gzip"}, 100_000), gzip.compress(b"\0" * 50_000_000)
    with pytest.raises(TooLargeError, match="larger than 100000 bytes"):
        list(body.add(bomb))
    assert 100_000 < body.size <= 100_000 + 65_536
    with pytest.raises(TooLargeError):
        list(Body({}, 1000).add(b"x" * 1001))
    with pytest.raises(TooLargeError):
        Body({"content-length": "1001"}, 1000)
    assert unpacked("", b"x" * 1000, 100, largest=1000) == b"x" * 1000


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_body_that_ends_early_is_not_whole(encoding):
    """What is cut off is an error at its end, wherever it was cut; nothing at all is an empty body."""
    for length in (1, 5, len(PACKED[encoding]) // 2, len(PACKED[encoding]) - 1):
        with pytest.raises(BodyError, match="ended early"):
            unpacked(encoding, PACKED[encoding][:length], 5000)
    with pytest.raises(BodyError, match="ended early, after 4 bytes"):
        unpacked("", b"half", 4, **{"content-length": "8"})
    assert unpacked(encoding, b"", 1) == b""


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "x-gzip"])
def test_what_is_not_packed_as_it_says_is_an_error(encoding):
    """Noise, plain text and noise behind packed data are errors of the body, and none of zlib's."""
    chance = random.Random(13)
    noise = [chance.randbytes(chance.randrange(1, 4000)) for _ in range(300)]
    with pytest.raises(BodyError, match=r"is not packed as it says"):
        unpacked(encoding, b"BEGIN:VCALENDAR", 1000)
    refused = 0
    for data in [*noise, *(gzip.compress(b"x") + piece for piece in noise)]:
        try:
            unpacked(encoding, data, 1000)
        except BodyError:
            refused += 1
    assert refused > 290  # a few happen to be packed as `deflate` is


@pytest.mark.parametrize("length", ["", "many", "-1", "²", "9" * 5000, "1, 1"])
def test_a_length_that_is_none_says_nothing(length):
    """Odd lengths are passed over: what comes is counted anyway."""
    assert unpacked("", b"text", 4, **{"content-length": length}) == b"text"


def test_what_somebody_else_unpacked_is_taken_as_it_is():
    """With `is_unpacked` neither encoding nor length say anything about what is added."""
    body = Body({"content-encoding": "gzip, gzip", "content-length": "3"}, 1000, is_unpacked=True)
    assert list(body.add(b"text")) == [b"text"]
    body.end()
