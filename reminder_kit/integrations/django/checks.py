"""System checks: what `manage.py check` finds wrong with reminders, each with an id and what helps.

Never writes anything or speaks to a provider. What asks the database runs with `--database`, and before `migrate`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import django
from django.core import checks
from django.db import connections
from django.urls import NoReverseMatch, reverse

from reminder_kit.errors import ConfigurationError, LedgerError, ReminderKitError, WebhookError
from reminder_kit.integrations.django.registry import reminders
from reminder_kit.model.instants import iso
from reminder_kit.planning.preview import Preview

if TYPE_CHECKING:
    from reminder_kit.kit.faces import ReminderKit

__all__ = ["check_database", "check_project"]

Found = Iterator[checks.CheckMessage]

_MIGRATE = "run `manage.py migrate reminder_kit`"
_BY_NOBODY = {
    "telnyx-timestamp": "0",
    "telnyx-signature-ed25519": "A" * 86 + "==",
    "x-twilio-signature": "A" * 27 + "=",
    "authorization": "Bearer e30.e30.AA",
}
"""Headers with signatures of nobody: refusing them shows whether anything could be verified."""


def check_project(**_options: Any) -> list[checks.CheckMessage]:
    """Check the settings, the file, the rules, and what the environment must hold."""
    try:
        kit = reminders.kit
    except ReminderKitError as error:
        return [checks.Error(str(error), 'see REMINDER_KIT = {"CONFIG": …, "DATABASE": …}', id="reminder_kit.E001")]
    looks: Sequence[Callable[[ReminderKit], Found]] = (_key, _sender, _texts, _webhooks, _locks, _tracked)
    return [found for look in looks for found in look(kit)]


def check_database(databases: Sequence[str] | None = None, **_options: Any) -> list[checks.CheckMessage]:
    """Check the ledger: whether its tables are there, and whether the batch job is seen."""
    try:
        if reminders.configuration.database not in (databases or ()):
            return []
        return [*_tables(reminders.kit)]
    except ReminderKitError:
        return []  # told by `check_project`


def _key(kit: ReminderKit) -> Found:
    for provider in filter(None, (kit.provider, kit.fallback)):
        try:
            provider.headers()
        except ConfigurationError as error:
            yield checks.Warning(
                f"nothing can be sent through {provider.name}: {error}",
                "set the variable in the environment of every process that sends",
                id="reminder_kit.W001",
            )


def _sender(kit: ReminderKit) -> Found:
    for provider in filter(None, (kit.provider, kit.fallback)):
        if not provider.sender:
            yield checks.Warning(
                f"{provider.name} has nothing to send from",
                'write from = "+1…" under [provider]',
                id="reminder_kit.W002",
            )


def _texts(kit: ReminderKit) -> Found:
    settings = kit.settings
    lines = Preview(kit.rules, settings.defaults, settings.quiet).made_up(kit.now())
    for rule, error in dict.fromkeys((line.reminder.rule.id, line.error) for line in lines if line.error):
        yield checks.Error(
            f"rule {rule!r} can't be written: {error}",
            "correct its text; `manage.py reminders rules check` shows every one",
            id="reminder_kit.E003",
        )
    if not kit.rules:
        yield checks.Warning("there are no rules: nothing is ever sent", "write [[rules]]", id="reminder_kit.W003")


def _webhooks(kit: ReminderKit) -> Found:
    if not _takes_webhooks():
        return
    for provider in filter(None, (kit.provider, kit.fallback)):
        try:
            provider.events(_BY_NOBODY, b"", kit.now())
        except WebhookError:
            continue
        except ConfigurationError as error:
            yield checks.Warning(
                f"webhooks of {provider.name} can't be verified, so that none is taken: {error}",
                "set the public key in the environment, and install reminder-kit[webhooks]",
                id="reminder_kit.W005",
            )


def _takes_webhooks() -> bool:
    try:
        reverse("reminder_kit:webhook")
    except NoReverseMatch:
        return False
    return True


def _locks(_kit: ReminderKit) -> Found:
    """Look at SQLite: who reads first and writes then, in one transaction, fails at once while another one writes."""
    described = reminders.configuration
    if described.database is None or connections[described.database].vendor != "sqlite":
        return
    words = "SQLite refuses at once, without waiting, a transaction that reads and then writes while another one writes"
    if django.VERSION >= (5, 1):
        options = connections[described.database].settings_dict["OPTIONS"]
        if str(options.get("transaction_mode", "")).upper() not in ("IMMEDIATE", "EXCLUSIVE"):
            hint = f'set DATABASES[{described.database!r}]["OPTIONS"] = {{"transaction_mode": "IMMEDIATE"}}'
            yield checks.Warning(words, hint, id="reminder_kit.W006")
    elif described.follow == "thread":
        hint = 'set "DATABASE": None ([ledger] url names a file of its own), or "FOLLOW": None; or use Django 5.1'
        yield checks.Warning(words, hint, id="reminder_kit.W006")


def _tracked(_kit: ReminderKit) -> Found:
    if not reminders.tracked:
        yield checks.Warning(
            "no model is tracked: nothing is ever recorded",
            "write @reminders.track(Model) in a reminders.py of an installed application",
            id="reminder_kit.W008",
        )


def _tables(kit: ReminderKit) -> Found:
    try:
        there = kit.ledger.check_schema(older=True)
        if there != "current":
            yield checks.Warning(f"the ledger's tables are {there}", _MIGRATE, id="reminder_kit.W004")
            return
        recorded, last = kit.ledger.read(lambda reader: (reader.counts()["appointments"], reader.last_run("resync")))
    except LedgerError as error:
        yield checks.Error(str(error), _MIGRATE, id="reminder_kit.E002")
        return
    if recorded and (last is None or kit.now() - last[0] > kit.expected_every):
        said = f"last ran at {iso(last[0])}" if last else "never ran"
        hint = "run `manage.py reminders resync` from cron, or with --every 60s"
        yield checks.Warning(f"the batch job {said}", hint, id="reminder_kit.W007")
