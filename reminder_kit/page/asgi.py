"""The page as an ASGI application: any ASGI server runs it, Starlette and FastAPI mount it.

Never speaks TLS, and never reads a body that is larger than a form of ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from secrets import token_urlsafe
from typing import Any

from reminder_kit.kit.faces import AsyncReminderKit, ReminderKit
from reminder_kit.page.asked import LARGEST, Answer, Asked
from reminder_kit.page.desk import Desk
from reminder_kit.page.guard import Permit, TokenGuard, Visitor
from reminder_kit.transport.blocking import run_blocking

__all__ = ["PageApp", "desk_of"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def desk_of(
    kit: ReminderKit | AsyncReminderKit, permit: Permit | TokenGuard, *, actions: bool, secret: str | None
) -> Desk:
    """Return what answers for a kit, to whom a host permits, or whoever has the token.

    `secret` must be the same for all processes that serve the page; None: one of this process's own.
    """
    if isinstance(permit, TokenGuard):
        return Desk(kit, permit.admit, secret or permit.token, actions)

    def admit(asked: Asked) -> Visitor | Answer:
        found = permit(asked.host)
        if found is None or found == "":
            return Answer(403, b"you are not permitted to look at this page")
        return found if isinstance(found, Visitor) else Visitor(found)

    return Desk(kit, admit, secret or token_urlsafe(24), actions)


class PageApp:
    """Serves the page for a kit of either face (ASGI 3.0: `http` and `lifespan`).

    `permit(scope)` is the host's permission: it returns who looks (a text, or a `Visitor` with what they may do), and
    None for whoever may not. Without `actions` nothing can be changed. Where several processes serve the page with
    actions, they need the same `secret`. `closes` says that the kit is closed at the end of the lifespan.

        Mount("/reminders", PageApp(kit, permit=lambda scope: scope["user"].email if scope["user"].is_staff else None))
    """

    def __init__(
        self,
        kit: ReminderKit | AsyncReminderKit,
        permit: Permit | TokenGuard,
        *,
        actions: bool = False,
        secret: str | None = None,
        closes: bool = False,
    ) -> None:
        self._kit = kit
        self._closes = closes
        self.desk = desk_of(kit, permit, actions=actions, secret=secret)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection; raises `ValueError` for one that is neither HTTP nor a lifespan."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)
        else:
            raise ValueError(f"the page is asked by http, not {scope['type']}: send other connections elsewhere")

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if self._closes:
            if isinstance(self._kit, AsyncReminderKit):
                await self._kit.close()
            else:
                await asyncio.to_thread(self._kit.close)
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _form(receive)
        if body is None:
            return
        found = Answer(413, b"too large") if len(body) > LARGEST else await self._answer(_asked(scope, body))
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in found.headers]
        headers.append((b"content-length", str(len(found.body)).encode()))
        await send({"type": "http.response.start", "status": found.status, "headers": headers})
        await send({"type": "http.response.body", "body": found.body})

    async def _answer(self, asked: Asked) -> Answer:
        if isinstance(self._kit, AsyncReminderKit):
            return await self.desk.answer(asked)
        return await asyncio.to_thread(lambda: run_blocking(self.desk.answer(asked)))


def _asked(scope: Scope, body: bytes) -> Asked:
    """Return a request as the desk takes it; some servers name the whole path, some what is below the mount."""
    root: str = scope.get("root_path", "").rstrip("/")
    path: str = scope["path"]
    if root and (path == root or path.startswith(f"{root}/")):
        path = path[len(root) :]
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    return Asked(
        scope["method"], path or "/", root, scope.get("query_string", b"").decode("latin-1"), headers, body, scope
    )


async def _form(receive: Receive) -> bytes | None:
    """Return the body, of which no more is read than a form may have; None: who asked has left."""
    parts, size = list[bytes](), 0
    while size <= LARGEST:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if not message.get("more_body", False):
            break
    return b"".join(parts)
