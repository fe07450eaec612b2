"""How `webhook serve` speaks HTTP: what it waits for, and for how long."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

uvicorn = pytest.importorskip("uvicorn")

from uvicorn.server import ServerState  # noqa: E402 - where it is installed

from reminder_kit.cli import webhook_protocol  # noqa: E402 - likewise
from reminder_kit.cli.webhook_protocol import Impatient  # noqa: E402 - likewise

HEAD = b"POST /hooks HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n"


async def app(scope, receive, send):
    """Answer with the path, once the body is whole."""
    more = True
    while more:
        more = (await receive()).get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-path", scope["path"].encode())]})
    await send({"type": "http.response.body", "body": b""})


@asynccontextmanager
async def connected():
    config = uvicorn.Config(app, http=Impatient, ws="none", log_config=None, lifespan="off")
    config.load()
    state, loop = ServerState(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: Impatient(config, state, {}), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    try:
        yield reader, writer
    finally:
        writer.close()
        server.close()
        for task in state.tasks:
            task.cancel()


def talk(monkeypatch, *steps, patience=0.15):
    """Write each step, with a pause after it, and return all that comes back until the server closes."""
    monkeypatch.setattr(webhook_protocol, "PATIENCE", patience)

    async def story():
        async with connected() as (reader, writer):
            for data, pause in steps:
                writer.write(data)
                await asyncio.sleep(pause)
            return await asyncio.wait_for(reader.read(), 5)

    return asyncio.run(story())


@pytest.mark.parametrize("begun", [b"P", HEAD, HEAD + b"x-a: b\r\n"])
def test_half_a_head_is_closed_after_its_time(monkeypatch, begun):
    """Who begins a request and does not go on is told so and left."""
    assert talk(monkeypatch, (begun, 0)).startswith(b"HTTP/1.1 408 ")


def test_who_sends_nothing_is_left(monkeypatch):
    """A connection on which nothing comes is closed without a word."""
    assert talk(monkeypatch) == b""


def test_bytes_that_drip_in_win_no_time(monkeypatch):
    """The time is that of the whole head: it begins once, however many pieces come."""
    begun, wait = [], Impatient._wait_for_head
    monkeypatch.setattr(Impatient, "_wait_for_head", lambda self: (begun.append(1), wait(self)))
    drips = [(HEAD[n : n + 1], 0.01) for n in range(5)]
    assert talk(monkeypatch, *drips, patience=0.3).startswith(b"HTTP/1.1 408 ")
    assert len(begun) == 1


def test_a_head_in_pieces_is_whole_in_time(monkeypatch):
    """What is whole within the time is answered, and the next request on the connection has its own time."""
    got = talk(monkeypatch, (HEAD[:20], 0.05), (HEAD[20:] + b"\r\n{}", 0.05), (HEAD, 0), patience=0.3)
    assert got.count(b"HTTP/1.1 200 ") == 1
    assert got.count(b"HTTP/1.1 408 ") == 1


def test_a_slow_body_is_not_the_servers_to_end(monkeypatch):
    """Once the head is whole the application decides how long it waits."""
    got = talk(monkeypatch, (HEAD + b"connection: close\r\n\r\n{", 0.3), (b"}", 0), patience=0.1)
    assert got.startswith(b"HTTP/1.1 200 ")
