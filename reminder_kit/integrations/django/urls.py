"""The address for the provider's webhooks: `path("hooks/", include("reminder_kit.integrations.django.urls"))`.

With `hooks/` in front the provider reports to /hooks/telnyx (or twilio, vonage: whose name stands there is asked to
verify), or to /hooks/ itself, where the signature says whose it is.
"""

from __future__ import annotations

from django.urls import path

from reminder_kit.integrations.django.views import webhook

app_name = "reminder_kit"
urlpatterns = [
    path("", webhook, name="webhook"),
    path("<slug:provider>", webhook, name="webhook-of"),
]
