"""The clinic's addresses."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

urlpatterns = [path("admin/", admin.site.urls), path("hooks/", include("reminder_kit.integrations.django.urls"))]
