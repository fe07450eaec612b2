"""The admin: reminders to look at, with why each is as it is, and actions to try again or to bar a number.

Never edits a row: what an action does, the kit does. Looking takes the permission `view_reminder`, acting
`change_reminder`.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from reminder_kit.errors import ReminderKitError
from reminder_kit.integrations.django.models import Reminder
from reminder_kit.integrations.django.registry import reminders

__all__ = ["ReminderAdmin"]


@admin.register(Reminder)
class ReminderAdmin(admin.ModelAdmin):
    """Reminders, newest first."""

    list_display = ("appointment_id_shown", "rule", "to_number", "stand", "reason", "due_at", "send_at")
    list_filter = ("stand", "reason", "rule", "appointment__source")
    search_fields = ("appointment__id", "to_number")
    list_select_related = ("appointment",)
    ordering = ("-due_at",)
    fields = ("appointment_id_shown", "rule", "to_number", "stand", "reason", "due_at", "send_at", "error", "why")
    readonly_fields = fields
    actions = ("explain", "retry", "suppress")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Return what the project's own kit sees of the ledger."""
        return super().get_queryset(request).filter(namespace=reminders.kit.ledger.namespace)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Say no: the kit makes reminders."""
        del request
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Say no: the kit changes reminders."""
        del request, obj
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Say no: what was done stays known."""
        del request, obj
        return False

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Say whether this user may have messages sent and numbers barred."""
        return bool(request.user.has_perm("reminder_kit.change_reminder"))

    @admin.display(description="appointment", ordering="appointment__id")
    def appointment_id_shown(self, reminder: Reminder) -> str:
        """Return the id of its appointment."""
        return str(reminder.appointment.id)

    @admin.display(description="why")
    def why(self, reminder: Reminder) -> str:
        """Return the whole explanation of its appointment."""
        return _explanation(reminder)

    @admin.action(description="Explain", permissions=["view"])
    def explain(self, request: HttpRequest, chosen: QuerySet) -> HttpResponse:
        """Show why the chosen reminders are as they are."""
        first = {reminder.appointment_id: reminder for reminder in chosen.select_related("appointment")}
        explanations = [(str(one.appointment), _explanation(one)) for one in first.values()]
        context = {**self.admin_site.each_context(request), "title": "Why", "explanations": explanations}
        return render(request, "reminder_kit/explanations.html", context)

    @admin.action(description="Try again now", permissions=["act"])
    def retry(self, request: HttpRequest, chosen: QuerySet) -> None:
        """Try the chosen appointments' reminders now, also what was refused for good."""
        for source, name in dict.fromkeys(chosen.values_list("appointment__source", "appointment__id")):
            self._done(request, f"{name}: ", lambda name=name, source=source: reminders.kit.retry(name, source=source))

    @admin.action(description="Send nothing more to these numbers", permissions=["act"])
    def suppress(self, request: HttpRequest, chosen: QuerySet) -> None:
        """Bar the numbers of the chosen reminders."""
        for number in dict.fromkeys(chosen.exclude(to_number="").values_list("to_number", flat=True)):
            self._done(request, f"{number}: ", lambda number=number: reminders.kit.suppress(number))

    def _done(self, request: HttpRequest, about: str, act: Any) -> None:
        """Do something and tell the user what came of it."""
        try:
            self.message_user(request, f"{about}{act()}", messages.SUCCESS)
        except ReminderKitError as error:
            self.message_user(request, f"{about}{error}", messages.ERROR)


def _explanation(reminder: Reminder) -> str:
    appointment = reminder.appointment
    try:
        return str(reminders.kit.explain(appointment.id, appointment.source, appointment.recurrence_id or None))
    except ReminderKitError as error:
        return str(error)
