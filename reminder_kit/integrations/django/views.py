"""The endpoint for the provider's webhooks: verified over the raw bytes, stored, answered; what follows comes after.

Never calls a provider. It asks for neither a login nor a CSRF token: the signature says who speaks. A plain view, so
that it runs under WSGI and, in Django's own threads, under ASGI.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.views.decorators.csrf import csrf_exempt

from reminder_kit.errors import LedgerError, ReminderKitError, WebhookError, unforeseen
from reminder_kit.integrations.django.registry import reminders
from reminder_kit.logs import LOG

__all__ = ["webhook"]

_HOSTS_OWN = "x-reminder-kit-url"
"""A header by which a host tells Twilio's adapter which address was called: no caller's word counts for that."""


@csrf_exempt
def webhook(request: HttpRequest, provider: str | None = None) -> HttpResponse:
    """Answer a webhook: 200 once it is stored, 400 where it is not signed or no event, 503 where it can't be stored.

    HEAD and GET, by which a provider or a monitor sees whether anybody is there, are answered with nothing.
    """
    if request.method in ("HEAD", "GET"):
        return HttpResponse()
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST", "HEAD", "GET"])
    kit = reminders.kit
    if provider is not None and provider not in {known.name for known in (kit.provider, kit.fallback) if known}:
        return HttpResponse(status=404)
    headers = {name: value for name, value in request.headers.items() if name.lower() != _HOSTS_OWN}
    return _answer(partial(kit.receive, headers, request.body, provider=provider))


webhook.login_required = False


def _answer(receive: Any) -> HttpResponse:
    try:
        receive()
    except WebhookError as error:
        LOG.warning("refused a webhook: %s", error)
        return HttpResponse(status=400)
    except ReminderKitError as error:
        LOG.error("%s (the provider is asked to try again)", error)
        return HttpResponse(status=503 if isinstance(error, LedgerError) else 500)
    except Exception as error:  # noqa: BLE001 - whatever it is, the provider is asked to try again
        LOG.error("a webhook could not be taken in: %s", unforeseen(error))
        return HttpResponse(status=500)
    reminders.wake()
    return HttpResponse()
