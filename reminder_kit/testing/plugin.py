"""The pytest plug-in: fixtures for hosts, found by pytest where reminder_kit is installed.

Never loads anything of the library until a fixture is asked for.

    def test_a_booking_is_reminded_of(reminder_kit_maker, reminder_kit_would_receive):
        kit = reminder_kit_maker(config="reminders.toml")
        book(kit, "+12025550123")
        assert [message.text for message in reminder_kit_would_receive(kit, "+12025550123")] == ["See you tomorrow."]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from reminder_kit.kit.faces import ReminderKit
    from reminder_kit.sandbox import Clock, Sandbox

__all__ = [
    "TABLE",
    "pytest_terminal_summary",
    "reminder_kit_clock",
    "reminder_kit_ledger",
    "reminder_kit_maker",
    "reminder_kit_options",
    "reminder_kit_sandbox",
    "reminder_kit_signed_event",
    "reminder_kit_start",
    "reminder_kit_would_receive",
]


TABLE = "reminder_kit live table"
"""The name under which a live test leaves the lines of its table."""


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what real providers answered where their documents are silent, so that it can be shown to others."""
    reports = [report for found in ("passed", "failed") for report in terminalreporter.stats.get(found, [])]
    properties = [item for report in reports if "live" in report.keywords for item in report.user_properties]
    for name, lines in properties:
        if name == TABLE:
            terminalreporter.write_sep("-", "where the documents are silent")
            for line in lines:
                terminalreporter.write_line(line)


@pytest.fixture
def reminder_kit_start() -> Any:
    """Return when the sandbox's clock is stopped (ISO text or aware datetime); override it in a conftest."""
    return "2026-02-10T14:00:00Z"  # a Tuesday, 09:00 in New York


@pytest.fixture
def reminder_kit_sandbox(reminder_kit_start: Any) -> Iterator[Sandbox]:
    """Return a local Telnyx of the test's own: `parked()`, `inbox(number)`, `inbound(number, text)`, `fault(kind)`."""
    from reminder_kit.sandbox import Sandbox

    sandbox = Sandbox(clock=reminder_kit_start, strict=True)
    yield sandbox
    sandbox.close()


@pytest.fixture
def reminder_kit_clock(reminder_kit_sandbox: Sandbox) -> Clock:
    """Return the sandbox's clock, which only moves when it is moved: `reminder_kit_clock.advance(hours=24)`."""
    return reminder_kit_sandbox.clock


@pytest.fixture
def reminder_kit_ledger(tmp_path: Path) -> Any:
    """Return where the kit's ledger is: a file of the test's own.

    A host that records in its own transaction (`record(…, connection=…)`) overrides it in its conftest and returns the
    URL, or the SQLAlchemy engine, of the database that its test uses; `kit.ledger.upgrade()` makes the tables there.
    """
    return f"sqlite:///{tmp_path / 'reminder_kit.db'}"


@pytest.fixture
def reminder_kit_options(reminder_kit_sandbox: Sandbox, reminder_kit_ledger: Any) -> dict[str, Any]:
    """Return the arguments by which a kit of either face uses the sandbox and `reminder_kit_ledger`."""
    from reminder_kit.providers.telnyx.provider import Telnyx
    from reminder_kit.sandbox import SandboxTransport
    from reminder_kit.testing.signed_events import TELNYX_PUBLIC_KEY

    return {
        "provider": Telnyx(api_key="KEY", from_="+12025550100", public_key=TELNYX_PUBLIC_KEY),
        "ledger": reminder_kit_ledger,
        "clock": reminder_kit_sandbox.clock,
        "transport": SandboxTransport(reminder_kit_sandbox),
    }


@pytest.fixture
def reminder_kit_maker(reminder_kit_options: dict[str, Any]) -> Iterator[Callable[..., ReminderKit]]:
    """Return a maker of kits on the sandbox, from rules or `config="reminders.toml"`, which are closed at the end."""
    from reminder_kit.kit.faces import ReminderKit

    kits: list[ReminderKit] = []

    def make(rules: Iterable[Any] | None = None, *, config: str | Path | None = None, **options: Any) -> ReminderKit:
        given = {**reminder_kit_options, **options, **({} if rules is None else {"rules": rules})}
        kit = ReminderKit(**{"rules": (), **given}) if config is None else ReminderKit.from_config(config, **given)
        kits.append(kit)
        return kit

    yield make
    for kit in kits:
        kit.close()


@pytest.fixture
def reminder_kit_would_receive(reminder_kit_sandbox: Sandbox) -> Callable[..., Any]:
    """Return `would_receive` for the sandbox: `reminder_kit_would_receive(kit, number)` lets a month pass."""
    from reminder_kit.testing.simulated_inbox import would_receive

    return lambda kit, number, **options: would_receive(kit, reminder_kit_sandbox, number, **options)


@pytest.fixture
def reminder_kit_signed_event(reminder_kit_clock: Clock) -> Callable[..., tuple[dict[str, str], bytes]]:
    """Return `reminder_kit.testing.signed_event`, signing at the sandbox's time."""
    from reminder_kit.testing.signed_events import signed_event

    def signed(*event: str, **options: Any) -> tuple[dict[str, str], bytes]:
        return signed_event(*event, **{"now": reminder_kit_clock(), **options})

    return signed
