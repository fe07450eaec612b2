"""The page as a WSGI application, and as a view of Django's: for hosts that block.

Never takes an async kit: that one is served by `PageApp`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from reminder_kit.errors import ConfigurationError
from reminder_kit.http_bodies import announced
from reminder_kit.kit.faces import AsyncReminderKit, ReminderKit
from reminder_kit.page.asgi import desk_of
from reminder_kit.page.asked import LARGEST, Answer, Asked
from reminder_kit.page.desk import Desk
from reminder_kit.page.guard import Permit
from reminder_kit.transport.blocking import run_blocking

__all__ = ["PageWsgi", "django_view"]


def _desk(kit: ReminderKit, permit: Permit, *, actions: bool, secret: str | None) -> Desk:
    if isinstance(kit, AsyncReminderKit):
        raise ConfigurationError("an AsyncReminderKit is served by PageApp (ASGI): give PageWsgi a ReminderKit")
    return desk_of(kit, permit, actions=actions, secret=secret)


class PageWsgi:
    """Serves the page for a `ReminderKit` (WSGI, PEP 3333): Flask's dispatcher, mod_wsgi, gunicorn.

    `permit(environ)` is the host's permission, as `PageApp` has it; so are `actions` and `secret`. Raises
    `ConfigurationError` for a kit of the other face.
    """

    def __init__(self, kit: ReminderKit, permit: Permit, *, actions: bool = False, secret: str | None = None) -> None:
        self.desk = _desk(kit, permit, actions=actions, secret=secret)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        found = self._answer(environ)
        length = [("content-length", str(len(found.body)))]
        start_response(f"{found.status} {HTTPStatus(found.status).phrase}", [*found.headers, *length])
        return [found.body]

    def _answer(self, environ: dict[str, Any]) -> Answer:
        length = announced(environ.get("CONTENT_LENGTH") or "0")
        if length is None or length > LARGEST:
            return Answer(413, b"too large")
        body = environ["wsgi.input"].read(length) if length else b""
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").lower(): value
            for name, value in environ.items()
            if name.startswith("HTTP_") or name == "CONTENT_TYPE"
        }
        asked = Asked(
            environ["REQUEST_METHOD"],
            environ.get("PATH_INFO", "") or "/",
            environ.get("SCRIPT_NAME", "").rstrip("/"),
            environ.get("QUERY_STRING", ""),
            headers,
            body,
            environ,
        )
        return run_blocking(self.desk.answer(asked))


def django_view(
    kit: ReminderKit, permit: Permit, *, actions: bool = False, secret: str | None = None
) -> Callable[..., Any]:
    """Return a view of Django's that serves the page; `permit(request)` says who looks, None: nobody may.

        view = django_view(kit, lambda request: request.user.username if request.user.is_staff else None)
        path("reminders/<path:path>", view), path("reminders/", view)

    The page has forms' secrets of its own, so that Django's are not asked for.
    """
    desk = _desk(kit, permit, actions=actions, secret=secret)

    def view(request: Any, path: str = "") -> Any:
        from django.http import HttpResponse

        whole: str = request.path
        root = whole[: len(whole) - len(path)].rstrip("/")
        length = announced(request.headers.get("content-length") or "0")
        body = b"" if length is None or length > LARGEST else request.body
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Asked(request.method, f"/{path}", root, request.META.get("QUERY_STRING", ""), headers, body, request)
        found = run_blocking(desk.answer(asked))
        answer = HttpResponse(found.body, status=found.status)
        for name, value in found.headers:
            answer[name] = value
        return answer

    view.csrf_exempt = True  # type: ignore[attr-defined]
    return view
