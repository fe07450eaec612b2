"""The page behind a host: as ASGI with a kit of either face, as WSGI, and as a view of Django's."""

from __future__ import annotations

import asyncio
from io import BytesIO

import pytest

from reminder_kit import AsyncReminderKit
from reminder_kit.errors import ConfigurationError
from reminder_kit.page import PageApp, PageWsgi
from reminder_kit.page.asked import LARGEST
from reminder_kit.providers.telnyx import Telnyx
from tests.factories import DAY, SENDER, visit


async def ask(app, path="/", *, method="GET", root="", body=b"", headers=(), query=b""):
    """Return status, headers and body of what an ASGI application answers."""
    sent, parts = [], [{"type": "http.request", "body": body, "more_body": False}]
    scope = {"type": "http", "method": method, "path": path, "root_path": root, "query_string": query}
    scope["headers"] = [(name.encode(), value.encode()) for name, value in headers]

    async def receive():
        return parts.pop(0) if parts else {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"].decode()


def test_an_asgi_host_mounts_it_behind_its_own_permission(told):
    """Who is not permitted gets nothing; links lead to where it is mounted, however the server names the path."""
    app = PageApp(told, permit=lambda scope: "ada" if scope["root_path"] else None)
    assert asyncio.run(ask(app))[0] == 403
    for path in ("/health", "/reminders/health"):
        status, headers, body = asyncio.run(ask(app, path, root="/reminders"))
        assert (status, headers[b"cache-control"]) == (200, b"no-store")
        assert 'href="/reminders/attention"' in body


def test_an_async_kit_is_served_in_its_loop(tmp_path):
    """The same pages, awaited."""

    async def story():
        async with AsyncReminderKit(
            Telnyx("KEY", SENDER), [DAY], f"sqlite:///{tmp_path / 'a.db'}", timezone="America/New_York"
        ) as kit:
            await kit.record(visit("A-1"))
            app = PageApp(kit, permit=lambda _scope: "ada")
            found = [
                await ask(app, path) for path in ("/day/2026-02-12", "/person/1.0", "/health", "/attention", "/rules")
            ]
            with pytest.raises(ConfigurationError, match="PageApp"):
                PageWsgi(kit, permit=lambda _environ: "ada")
            return found

    found = asyncio.run(story())
    assert [status for status, _, _ in found] == [200] * 5
    assert "Ada" in found[0][2]


def test_a_lifespan_closes_the_kit_it_was_given(told):
    """A server without a host ends in order; what is neither HTTP nor a lifespan is refused."""
    sent = []

    async def story():
        app, steps = PageApp(told, permit=lambda _scope: "ada", closes=True), ["lifespan.startup", "lifespan.shutdown"]

        async def receive():
            return {"type": steps.pop(0)}

        async def send(message):
            sent.append(message["type"])

        await app({"type": "lifespan"}, receive, send)
        with pytest.raises(ValueError, match="websocket"):
            await app({"type": "websocket"}, receive, send)

    asyncio.run(story())
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_a_body_too_large_is_not_read(told):
    """Neither by ASGI nor by WSGI."""
    app = PageApp(told, permit=lambda _scope: "ada")
    assert asyncio.run(ask(app, "/search", method="POST", body=b"x" * (LARGEST + 1)))[0] == 413
    wsgi = PageWsgi(told, permit=lambda _environ: "ada")
    assert called(wsgi, "POST", "/search", CONTENT_LENGTH=str(LARGEST + 1))[0].startswith("413")
    assert called(wsgi, "POST", "/search", CONTENT_LENGTH="x")[0].startswith("413")


def called(app, method, path, body=b"", **environ):
    """Return status line, headers and body of what a WSGI application answers."""
    said = []
    whole = {"REQUEST_METHOD": method, "PATH_INFO": path, "SCRIPT_NAME": "/r", "wsgi.input": BytesIO(body), **environ}
    parts = app(whole, lambda status, headers: said.append((status, dict(headers))))
    return *said[0], b"".join(parts).decode()


def test_a_wsgi_host_mounts_it(told):
    """Paths are below the mount, the permission is handed the environment, forms are read by their length."""
    app = PageWsgi(told, permit=lambda environ: environ.get("REMOTE_USER"), secret="s")
    assert called(app, "GET", "/")[0] == "403 Forbidden"
    status, headers, body = called(app, "GET", "/day/2026-02-12", REMOTE_USER="ada")
    assert (status, headers["content-length"]) == ("200 OK", str(len(body.encode())))
    assert 'href="/r/person/1.0"' in body
    csrf = body.partition('name="csrf" value="')[2].partition('"')[0]
    form = f"csrf={csrf}&q=ben".encode()
    kind = {"CONTENT_TYPE": "application/x-www-form-urlencoded", "CONTENT_LENGTH": str(len(form))}
    assert "Cleaning" in called(app, "POST", "/search", form, REMOTE_USER="ada", **kind)[2]


@pytest.mark.parametrize("length", ["16385", "9" * 5000, "-1", "x", "1" + "0" * 18])
def test_a_wsgi_body_of_a_length_that_no_form_has_is_not_read(told, length):
    """However many digits its length has."""
    app = PageWsgi(told, permit=lambda _environ: "ada")
    body = {"CONTENT_LENGTH": length, "wsgi.input": None}
    assert called(app, "POST", "/search", **body)[0].startswith("413 ")


def test_forms_of_several_processes_share_a_secret(told):
    """With the same secret, what one process has shown another one takes; without, each has its own."""
    shown = [called(PageWsgi(told, lambda _: "ada", secret=secret), "GET", "/")[2] for secret in ("s", "s", None)]
    first, second, third = (body.partition('name="csrf" value="')[2][:64] for body in shown)
    assert first == second != third
