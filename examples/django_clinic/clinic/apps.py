"""The application."""

from __future__ import annotations

from django.apps import AppConfig


class ClinicConfig(AppConfig):
    """The clinic, as Django knows applications."""

    name = "clinic"
