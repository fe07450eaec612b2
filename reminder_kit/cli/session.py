"""A session: from the options of the command line to a configuration and a kit with the right clock.

Never writes anything; what must be refused is refused before a kit is opened.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import click

from reminder_kit.cli.options import chosen
from reminder_kit.config.loading import DEFAULT_PATH, Config, load
from reminder_kit.errors import ConfigurationError
from reminder_kit.model.instants import iso
from reminder_kit.text.printable import printable

if TYPE_CHECKING:
    from reminder_kit.kit.faces import ReminderKit
    from reminder_kit.ports import Provider, Receipt, Response

__all__ = ["Counting", "configured", "is_loopback", "opened"]

_SKEW = timedelta(seconds=60)
"""How far `--now` may be from the machine's clock while a real provider is written to."""


def configured(*, needed: bool = True, warn: bool = False) -> Config:
    """Return the configuration; an empty one where there is none, none is `needed` and none was named.

    With `warn` its warnings are written to stderr: where somebody reads what will be sent, not in every batch job.
    Raises `ConfigurationError`.
    """
    named = chosen().config
    if not needed and named is None and not Path(DEFAULT_PATH).exists():
        return Config(path=Path(DEFAULT_PATH))
    config = load(named or DEFAULT_PATH)
    for warning in config.warnings if warn else ():
        _warn(f"{config.path}: {warning}")
    return config


def is_loopback(address: str) -> bool:
    """Say whether an address is this machine's own."""
    host = urlsplit(address).hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")


class Counting:
    """A provider that calls `on_answer` whenever the answer to a request that writes was read."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self.on_answer: Callable[[], object] = lambda: None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)

    def parse_created(self, response: Response) -> Receipt:
        """Read the answer to `create`."""
        self.on_answer()
        return self._provider.parse_created(response)

    def parse_cancelled(self, response: Response) -> Receipt:
        """Read the answer to `cancel`."""
        self.on_answer()
        return self._provider.parse_cancelled(response)


@contextmanager
def opened(
    now: datetime | None = None, *, writing: bool = False, warn: bool = False, **overrides: Any
) -> Iterator[ReminderKit]:
    """Open the configured kit, and close it at the end.

    `now` is the time for the whole run; None means the machine's clock. For a run that is `writing` the credentials
    must be there (a missing key of the fallback is a warning, since the rest still goes out), and `now` must be the
    machine's time unless the providers are on this machine. Raises `ConfigurationError` otherwise.
    """
    from reminder_kit.kit.faces import ReminderKit

    config = configured(warn=warn)
    arguments = config.arguments()
    provider = Counting(arguments["provider"])
    if writing:
        provider.headers()
        for used in filter(None, (cast("Provider", provider), arguments.get("fallback"))):
            _refuse_other_times(now, used)
        _warn_of_missing_key(arguments.get("fallback"))
    clock = {} if now is None else {"clock": lambda: now}
    with _unheard():
        kit = ReminderKit(**{**arguments, **clock, **overrides, "provider": cast("Provider", provider)})
    with kit:
        yield kit


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


def _warn(text: str) -> None:
    """Write one warning to stderr; `output`, which does so for commands, is built on this module."""
    click.echo(printable(f"warning: {text}"), err=True)


def _warn_of_missing_key(fallback: Provider | None) -> None:
    """Write a warning to stderr where the fallback has no key."""
    try:
        if fallback is not None:
            fallback.headers()
    except ConfigurationError as error:
        _warn(f"the fallback can send nothing: {error}")


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
