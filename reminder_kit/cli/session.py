"""A session: from the options of the command line to a configuration and a kit with the right clock.

What is worked with is named by --config or --app, else by the environment's REMINDER_KIT_APP; else it is reminders.toml
in the current folder. Never writes anything; what must be refused is refused before a kit is opened.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from reminder_kit.cli.options import APP_VARIABLE, chosen
from reminder_kit.cli.output import say
from reminder_kit.cli.own_kit import OwnKit, is_tenants, own, own_kit, several
from reminder_kit.cli.progress import Counting
from reminder_kit.config.loading import DEFAULT_PATH, Config, load
from reminder_kit.config.tenant_files import TenantFiles, require_named
from reminder_kit.errors import ConfigurationError
from reminder_kit.model.instants import iso

if TYPE_CHECKING:
    from reminder_kit.kit.faces import AsyncReminderKit, ReminderKit
    from reminder_kit.kit.tenants import AsyncTenants, Tenants
    from reminder_kit.ledger.ledger import Ledger
    from reminder_kit.ports import Provider

__all__ = [
    "Setup",
    "all_tenants",
    "configured",
    "is_loopback",
    "made_kit",
    "naming_file",
    "opened",
    "present",
    "whole_ledger",
]

Setup = Config | OwnKit
"""What a command works with: what a file says, or the kit that an app made."""

_SKEW = timedelta(seconds=60)
"""How far `--now` may be from the machine's clock while a real provider is written to."""


def configured(*, needed: bool = True, warn: bool = False) -> Setup:
    """Return the configuration, or the app's own kit; an empty one where neither is there, `needed` or named.

    With `warn` its warnings are written to stderr: where somebody reads what will be sent, not in every batch job.
    Raises `ConfigurationError`.
    """
    file, app, tenant = chosen().config, _app_named(), chosen().tenant
    if app is not None:
        setup: Setup = own_kit(*app, tenant)
    elif not needed and file is None and not Path(DEFAULT_PATH).exists():
        setup = Config(path=Path(DEFAULT_PATH))
    else:
        setup = _of_tenant(load(file or DEFAULT_PATH), tenant, needed=needed)
    for warning in setup.warnings if warn else ():
        say(f"warning: {setup.path}: {warning}")
    return setup


def _of_tenant(common: Config, tenant: str | None, *, needed: bool) -> Config:
    """Return the configuration of the tenant that was named, or the one there is."""
    if common.tenants_folder is None:
        if tenant is not None:
            raise ConfigurationError(
                f"--tenant {tenant}: {common.path} has no [tenants] folder, and with it no tenants: leave --tenant out"
            )
        return common
    if tenant is None:
        if needed:
            raise ConfigurationError(several(str(common.path)))
        return common
    return require_named(common, tenant, TenantFiles(common))


def whole_ledger() -> tuple[Ledger, datetime]:
    """Return the ledger itself, whoever of several tenants is in it, not opened yet, and the present instant.

    Raises `ConfigurationError`.
    """
    app = _app_named()
    if chosen().tenant is not None:
        setup = configured()
    elif app is None:
        setup = load(chosen().config or DEFAULT_PATH)
    else:
        found = own(*app)
        if is_tenants(found):
            return found.ledger, datetime.now(UTC)
        setup = OwnKit(app[0], cast("ReminderKit", found))
    return cast("Ledger", setup.ledger()), present(setup)


def all_tenants() -> Tenants | AsyncTenants | None:
    """Return all tenants of the configuration, or of the app; None: there are none, but one kit by itself.

    Raises `ConfigurationError`.
    """
    from reminder_kit.kit.tenants import Tenants

    if (app := _app_named()) is not None:
        found = own(*app)
        return cast("Tenants", found) if is_tenants(found) else None
    file = chosen().config or DEFAULT_PATH
    return None if load(file).tenants_folder is None else Tenants.from_config(file)


def _app_named() -> tuple[str, str] | None:
    """Return the name of the app's own kit, and how it was named; None: a file is meant."""
    if name := chosen().app:
        return name, f"--app {name}"
    name = os.environ.get(APP_VARIABLE)
    return (name, f"{APP_VARIABLE}={name}") if name and chosen().config is None else None


def present(setup: Setup) -> datetime:
    """Return the present instant, UTC: by the clock of the app's own kit, else by the machine's."""
    return setup.kit.now() if isinstance(setup, OwnKit) else datetime.now(UTC)


def made_kit(setup: Setup, now: datetime | None = None) -> ReminderKit | AsyncReminderKit:
    """Return the app's own kit, or the one that a file describes, with `now` as its clock (None: the machine's).

    Raises `ConfigurationError`.
    """
    from reminder_kit.kit.faces import ReminderKit

    if isinstance(setup, OwnKit):
        return setup.kit
    arguments = setup.arguments()
    clock = {} if now is None else {"clock": lambda: now}
    with _unheard():
        return ReminderKit(**{**arguments, **clock, "provider": cast("Provider", Counting(arguments["provider"]))})


@contextmanager
def opened(now: datetime | None = None, *, writing: bool = False, warn: bool = False) -> Iterator[ReminderKit]:
    """Open the configured kit, or the app's own, and close it at the end.

    `now` is the time for the whole run; None means the kit's clock. For a run that is `writing` the credentials must be
    there (a missing key of the fallback is a warning, since the rest still goes out), and `now` must be the machine's
    time unless the providers are on this machine. Raises `ConfigurationError` otherwise.
    """
    setup = configured(warn=warn)
    made = made_kit(setup, now)
    if writing:
        _require_ability(made, now)
    with naming_file(setup), setup.opened(now) if isinstance(setup, OwnKit) else cast("ReminderKit", made) as kit:
        yield kit


@contextmanager
def naming_file(setup: Setup) -> Iterator[None]:
    """Have an error of a table of the file, which shows as a run needs it, name the file, as all others do."""
    try:
        yield
    except ConfigurationError as error:
        if isinstance(setup, OwnKit) or not str(error).startswith("["):
            raise
        raise ConfigurationError(f"{setup.path}: {error}") from error


@contextmanager
def _unheard() -> Iterator[None]:
    """Keep the log silent meanwhile: what there is to say of the texts is among the configuration's warnings."""

    def nothing(_line: logging.LogRecord) -> bool:
        return False

    log = logging.getLogger("reminder_kit")
    log.addFilter(nothing)
    try:
        yield
    finally:
        log.removeFilter(nothing)


def _require_ability(kit: ReminderKit | AsyncReminderKit, now: datetime | None) -> None:
    """Raise `ConfigurationError` where a kit cannot write to its provider, or is not to at such a time."""
    kit.provider.headers()
    for used in filter(None, (kit.provider, kit.fallback)):
        _refuse_other_times(now, used)
    try:
        if kit.fallback is not None:
            kit.fallback.headers()
    except ConfigurationError as error:
        say(f"warning: the fallback can send nothing: {error}")


def _refuse_other_times(now: datetime | None, provider: Provider) -> None:
    """Raise `ConfigurationError` where another time would be written to a provider that keeps the real one."""
    machine = datetime.now(UTC)
    if now is None or abs(now - machine) <= _SKEW or is_loopback(provider.base_url):
        return
    host = urlsplit(provider.base_url).hostname
    raise ConfigurationError(
        f"--now {iso(now)} is more than 60 s from this machine's clock ({iso(machine)}), and {provider.name} at "
        f"{host} keeps its own time: use --dry-run, or a local provider (reminder-kit sandbox)"
    )


def is_loopback(address: str) -> bool:
    """Say whether an address is this machine's own."""
    host = urlsplit(address).hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")
