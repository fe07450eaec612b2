"""The endpoint for the provider's webhooks as an ASGI application: any ASGI server runs it, any ASGI host mounts it.

Never speaks TLS, and never calls the provider while a webhook is being answered: a webhook is verified over its raw
bytes, stored and answered, and a run afterwards does what follows from it.

    app = WebhookApp(kit)                                     # uvicorn my_host:app
    Mount("/hooks", WebhookApp(kit, path="/telnyx"))          # Starlette, FastAPI

Without a host: `uvicorn --factory reminder_kit.webhook_app:app`, or `reminder-kit webhook serve`.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, MutableMapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, cast
from urllib.parse import urljoin

from reminder_kit.config.loading import DEFAULT_PATH, load
from reminder_kit.errors import (
    ConfigurationError,
    LedgerError,
    ReminderKitError,
    SignatureError,
    WebhookError,
    unforeseen,
)
from reminder_kit.http_bodies import announced
from reminder_kit.kit.faces import AsyncReminderKit, ReminderKit
from reminder_kit.kit.following import ended, is_under_way
from reminder_kit.kit.tenant_outcomes import Heard
from reminder_kit.kit.tenants import AsyncTenants, Tenants
from reminder_kit.logs import LOG
from reminder_kit.model.host_data import shown_name
from reminder_kit.model.instants import iso
from reminder_kit.model.messages import DeliveryEvent
from reminder_kit.ports import Provider
from reminder_kit.webhooks.verification import LARGEST, verified_events

__all__ = ["CONFIG_VARIABLE", "PATH_VARIABLE", "WebhookApp", "app"]

CONFIG_VARIABLE = "REMINDER_KIT_CONFIG"
"""The environment variable that names the configuration for `app`."""

PATH_VARIABLE = "REMINDER_KIT_WEBHOOK_PATH"
"""The environment variable that names the only path `app` takes."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_PATIENCE = 10.0
"""Seconds that a body may take to come in."""
_AT_ONCE = 64
"""Bodies of the largest size that are held at a time, or as many smaller ones as weigh the same."""
_BY_NOBODY = {
    "telnyx-timestamp": "0",
    "telnyx-signature-ed25519": "A" * 86 + "==",
    "x-twilio-signature": "A" * 27 + "=",
    "authorization": "Bearer e30.e30.AA",
}
"""Headers with signatures of nobody: refusing them once loads, and checks, all that verification takes."""


class WebhookApp:
    """Takes a provider's webhooks in for a kit of either face (ASGI 3.0: `http` and `lifespan`).

    A webhook is answered with 200 once it is stored, 401 where its signature is wrong, 400 where it is signed and no
    event, 408 and 413 where it is too slow (`patience`, in seconds) or too large (`largest`, in bytes), 503 where the
    ledger cannot be written or 64 bodies of the largest size are held already, and 500 for any other failure (such as a
    missing key of the fallback). After a 503 and a 500 the provider tries again. Any path but `path`, below where the
    application is mounted, is a 404, any method but POST a 405. What follows from a webhook, such as withdrawing after
    a STOP, is a `resync(only_dirty=True)` apart from the request; several webhooks at once share a run.

    `url` is the application's public address, for providers that sign it (Twilio); "": the provider's `webhook_url`.
    The query that a request came with takes the place of its own.

    Of `Tenants` (or `AsyncTenants`) the one endpoint takes in the webhooks of all: each for whichever tenant it is, or,
    a level below `path`, for the tenant that is named there ("/telnyx/north"). Whose
    webhooks can't be verified is told as they come.

    `tell(level, text)` is called for each event and failure with a level of `logging`; None means the logger
    `reminder_kit`. Of what an event is about it tells the appointment's id; `described(event)`, if given, returns what
    is told beside it, such as the names that a log must not have. `closes` says that the kit is closed at the end of
    the lifespan. A host that mounts the application passes `lifespan=app.lifespan` on, so that its end waits for runs
    under way. Mounted at "/hooks" with `path="/telnyx"` the endpoint is at /hooks/telnyx. An application that is
    mounted at its own address without a path is reached with a slash at its end only; hosts redirect there, and
    providers take a redirect for a failure.

    Raises `ConfigurationError` where no webhook could be verified.
    """

    def __init__(
        self,
        kit: ReminderKit | AsyncReminderKit | Tenants | AsyncTenants,
        *,
        path: str = "/",
        url: str = "",
        largest: int = LARGEST,
        patience: float = _PATIENCE,
        tell: Callable[[int, str], object] | None = None,
        described: Callable[[DeliveryEvent], str] | None = None,
        closes: bool = False,
    ) -> None:
        self._kit = kit
        self._path = path.strip("/")
        self._url = url
        self._largest = largest
        #: How many bytes of bodies are held: of requests that are not answered yet.
        self._held = 0
        self._patience = patience
        self._tell = tell or LOG.log
        self._described = described
        self._closes = closes
        #: Whether something came in that the run under way may not have seen.
        self._run_wanted = False
        #: The task of that run; None: there was none yet.
        self._follower: asyncio.Task[None] | None = None
        if not isinstance(kit, Tenants | AsyncTenants):
            self._try_out(kit, kit.provider)
            self._try_fallback(kit)

    def _try_out(self, kit: ReminderKit | AsyncReminderKit, provider: Provider) -> None:
        """Raise `ConfigurationError` where a provider's webhooks can't be verified."""
        with suppress(WebhookError):
            verified_events([provider], None, _BY_NOBODY, b"", kit.now(), url=self._url or None)

    def _try_fallback(self, kit: ReminderKit | AsyncReminderKit) -> None:
        """Warn where the fallback's webhooks can't be verified; the provider's are taken all the same."""
        try:
            if kit.fallback is not None:
                self._try_out(kit, kit.fallback)
        except ConfigurationError as error:
            self._tell(logging.WARNING, f"the fallback's webhooks can't be taken: {error}")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection of a server or host; raises `ValueError` where that is neither HTTP nor a lifespan."""
        if scope["type"] == "lifespan":
            await self._serve_lifespan(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)
        else:
            raise ValueError(f"webhooks come by http, not {scope['type']}: send other connections elsewhere")

    # Life

    @asynccontextmanager
    async def lifespan(self, _host: object = None) -> AsyncIterator[None]:
        """Prepare the ledger, so that the first webhook is answered as quickly as any; at the end wait for the run."""
        try:
            await asyncio.to_thread(self._kit.ledger.prepare)
        except LedgerError as error:
            self._tell(logging.ERROR, f"{error} (webhooks are answered with 503 until then)")
        try:
            yield
        finally:
            await ended(self._follower)
            if self._closes:
                await self._call_kit(self._kit.close)

    async def _serve_lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        async with self.lifespan():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _call_kit(self, verb: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Carry out a verb of either face without blocking the event loop."""
        if isinstance(self._kit, AsyncReminderKit | AsyncTenants):
            return await verb(*args, **options)
        return await asyncio.to_thread(partial(verb, *args, **options))

    # Answering

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        status = await self._status(scope, receive)
        if status is None:
            return
        headers = [(b"content-length", b"0")]
        headers += [(b"allow", b"POST")] if status == 405 else []
        headers += [(b"connection", b"close")] if status != 200 and scope.get("http_version") == "1.1" else []
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async def _status(self, scope: Scope, receive: Receive) -> int | None:
        """Return the status that a request is answered with; None means that its sender left."""
        tenant = self._tenant(_below(scope).strip("/"))
        if tenant is None:
            return 404
        if scope["method"] != "POST":
            return 405
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if (announced(headers.get("content-length", "")) or 0) > self._largest:
            return 413
        body = _Body(self._largest, self._make_room)
        try:
            async with asyncio.timeout(self._patience):
                status = await body.read(receive)
            if status != 200:
                return status
            if tenant and await self._is_nobody(tenant):
                return 404
            return await self._taken(headers, body.whole(), self._called(scope), tenant)
        except TimeoutError:
            return 408
        finally:
            self._held -= body.size

    def _tenant(self, below: str) -> str | None:
        """Return the tenant that an address names; "": it names none, None: nothing is there."""
        if below == self._path:
            return ""
        before, _, name = below.rpartition("/")
        return name if isinstance(self._kit, Tenants | AsyncTenants) and before == self._path else None

    async def _is_nobody(self, tenant: str) -> bool:
        """Say whether there is no such tenant: who can't be built for now is asked for, and answered, as a tenant."""
        try:
            return await asyncio.to_thread(cast("Tenants", self._kit).if_any, tenant) is None
        except Exception:  # noqa: BLE001 - why that is so is told, and answered, where the webhook is taken in
            return False

    def _make_room(self, size: int) -> bool:
        """Say whether so many more bytes may be held: what floods in is refused, and sent again by its provider."""
        self._held += size
        return self._held <= _AT_ONCE * self._largest

    def _called(self, scope: Scope) -> str | None:
        """Return what is known of the address that was called: the host's word, and the query that came.

        Scheme and host of a request are its sender's word, and proxies change paths: none of it is believed.
        """
        query = scope.get("query_string", b"").decode("latin-1")
        return urljoin(self._url, f"?{query}") if query else self._url or None

    async def _taken(self, headers: dict[str, str], body: bytes, url: str | None = None, tenant: str = "") -> int:
        """Have the kit take a webhook in and return the status that answers it; a 5xx makes the provider try again."""
        named = {"tenant": tenant} if tenant else {}
        try:
            events = await self._call_kit(self._kit.receive, headers, body, url=url, **named)
        except WebhookError as error:
            self._tell(logging.WARNING, f"refused a webhook: {error}")
            return 401 if isinstance(error, SignatureError) else 400
        except ReminderKitError as error:
            self._tell(logging.ERROR, f"{error} (the provider is asked to try again)")
            return 503 if isinstance(error, LedgerError) else 500
        except Exception as error:  # noqa: BLE001 - whatever it is, the provider is asked to try again
            self._tell(logging.ERROR, f"a webhook could not be taken in: {unforeseen(error)}")
            return 500
        for whose, event in _told(events):
            await self._tell_of(event, whose)
        self._request_run()
        return 200

    async def _tell_of(self, event: DeliveryEvent, whose: str) -> None:
        """Tell of an event that was taken in: when, what, which tenant's (""), and which appointment it is about."""
        words = [iso(event.occurred_at), event.type, whose]
        words += [f"of {shown_name(event.appointment[1])}"] if event.appointment else []
        if self._described is not None:
            try:
                words.append(await asyncio.to_thread(self._described, event))
            except ReminderKitError as error:
                LOG.warning("what an event is about could not be told: %s", error)
        words += ["(it came before)"] if event.repeated else []
        self._tell(logging.INFO, " ".join(filter(None, words)))

    # What follows

    def _request_run(self) -> None:
        """Have a run follow: a new one, or once more the one under way."""
        self._run_wanted = True
        if self._follower is None or not is_under_way(self._follower):
            self._follower = asyncio.get_running_loop().create_task(self._run_while_wanted())

    async def _run_while_wanted(self) -> None:
        """Resync what is dirty until no webhook came in meanwhile."""
        while self._run_wanted:
            self._run_wanted = False
            try:
                await self._call_kit(self._kit.resync, only_dirty=True)
            except ReminderKitError as error:
                self._tell(logging.ERROR, f"{error} (the next resync does it)")
            except Exception as error:  # noqa: BLE001 - the endpoint goes on, and the batch job does it
                self._tell(
                    logging.ERROR, f"what follows a webhook failed: {unforeseen(error)} (the next resync does it)"
                )


def _told(received: Iterable[DeliveryEvent | Heard]) -> Iterator[tuple[str, DeliveryEvent]]:
    """Yield what came in, each with the words for whose it is: "" of a kit."""
    for one in received:
        if isinstance(one, Heard):
            yield from ((f"for {shown_name(one.tenant)}", event) for event in one.events)
        else:
            yield "", one


def _below(scope: Scope) -> str:
    """Return the path below where the application is mounted; some servers and hosts name all of it, some the rest.

    A server may hand over an absolute address, as a request to a proxy has it (RFC 9112, 3.2.2): its path counts.
    """
    path: str = scope["path"]
    if not path.startswith("/") and "://" in path:
        path = "/" + path.partition("://")[2].partition("/")[2]
    root: str = scope.get("root_path", "").rstrip("/")
    return path[len(root) :] if root and (path == root or path.startswith(f"{root}/")) else path


class _Body:
    """The body of a request as it comes in, of `largest` bytes at most; `make_room` says whether more may be held."""

    def __init__(self, largest: int, make_room: Callable[[int], bool]) -> None:
        self._largest = largest
        self._make_room = make_room
        self._parts: list[bytes] = []
        #: How many bytes came.
        self.size = 0

    async def read(self, receive: Receive) -> int | None:
        """Return 200 once it is all there, the status with which it is refused before, or None: its sender left."""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            part = message.get("body", b"")
            self.size += len(part)
            has_room = self._make_room(len(part))
            if self.size > self._largest:
                return 413
            if not has_room:
                return 503
            self._parts.append(part)
            if not message.get("more_body", False):
                return 200

    def whole(self) -> bytes:
        """Return what came."""
        return b"".join(self._parts)


def app() -> WebhookApp:
    """Return the endpoint that a configuration describes, as a server's `--factory` asks for it.

    The environment's REMINDER_KIT_CONFIG names the file (default: reminders.toml), REMINDER_KIT_WEBHOOK_PATH the only
    path that is taken (default: /). Of tenants it takes in everybody's. Raises `ConfigurationError`.
    """
    file = os.environ.get(CONFIG_VARIABLE) or DEFAULT_PATH
    many = load(file).tenants_folder is not None
    kit = AsyncTenants.from_config(file) if many else AsyncReminderKit.from_config(file)
    return WebhookApp(kit, path=os.environ.get(PATH_VARIABLE) or "/", closes=True)
