"""The endpoint for the provider's webhooks: verified over the raw bytes, stored, answered; what follows comes after.

Never calls a provider. It asks for neither a login nor a CSRF token: the signature says who speaks. A plain view, so
that it runs under WSGI and, in Django's own threads, under ASGI.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.views.decorators.csrf import csrf_exempt

from reminder_kit.integrations.django.registry import reminders
from reminder_kit.kit.endpoint import taken_in

__all__ = ["webhook"]


@csrf_exempt
def webhook(request: HttpRequest, provider: str | None = None) -> HttpResponse:
    """Answer a webhook: 200 once it is stored, 400 where it is not signed or no event, 503 where it can't be stored.

    HEAD and GET, by which a provider or a monitor sees whether anybody is there, are answered with nothing.
    """
    if request.method in ("HEAD", "GET"):
        return HttpResponse()
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST", "HEAD", "GET"])
    headers, query = dict(request.headers.items()), request.META.get("QUERY_STRING", "")
    status = taken_in(reminders.kit, headers, request.body, provider, refused=400, query=query)
    if status == 200:
        reminders.wake()
    return HttpResponse(status=status)


webhook.login_required = False
