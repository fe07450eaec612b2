"""For tests of hosts, and of providers and ledgers that others write.

Never imported by the rest of the library. Each name is loaded when it is used; the fixtures
are those of `reminder_kit.testing.plugin`, which pytest finds by itself.
"""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reminder_kit.testing.crash import CrashPoints, kill_at
    from reminder_kit.testing.ledger_contract import LedgerContract
    from reminder_kit.testing.live import LiveStage
    from reminder_kit.testing.live_contract import LiveContract
    from reminder_kit.testing.provider_contract import ProviderContract
    from reminder_kit.testing.provider_stage import Held, ProviderSandbox, Stage
    from reminder_kit.testing.signed_events import EVENT_TYPES, TELNYX_PUBLIC_KEY, WEBHOOK_SECRET, signed_event
    from reminder_kit.testing.simulated_inbox import would_receive

with suppress(ImportError):  # a host's tests need not be pytest's
    import pytest

    contracts = ("ledger_contract", "live_contract", "provider_contract")
    pytest.register_assert_rewrite(*(f"reminder_kit.testing.{contract}" for contract in contracts))

__all__ = [
    "EVENT_TYPES",
    "TELNYX_PUBLIC_KEY",
    "WEBHOOK_SECRET",
    "CrashPoints",
    "Held",
    "LedgerContract",
    "LiveContract",
    "LiveStage",
    "ProviderContract",
    "ProviderSandbox",
    "Stage",
    "kill_at",
    "signed_event",
    "would_receive",
]

_HOMES = {
    "crash": ("CrashPoints", "kill_at"),
    "simulated_inbox": ("would_receive",),
    "ledger_contract": ("LedgerContract",),
    "signed_events": ("EVENT_TYPES", "TELNYX_PUBLIC_KEY", "WEBHOOK_SECRET", "signed_event"),
    "live": ("LiveStage",),
    "live_contract": ("LiveContract",),
    "provider_contract": ("ProviderContract",),
    "provider_stage": ("Held", "ProviderSandbox", "Stage"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'reminder_kit.testing' has no attribute {name!r}")
    value = getattr(import_module(f"reminder_kit.testing.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
