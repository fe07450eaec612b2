"""Addresses: the admin, a page that books, and /hooks/telnyx for what Telnyx reports."""

from __future__ import annotations

from clinic.views import book
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("book/", book),
    path("hooks/", include("reminder_kit.integrations.django.urls")),
]
