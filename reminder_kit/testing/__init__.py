"""Testing: support for the tests of hosts, and contracts for providers that others write.

Never imported by the rest of the library. May import `kit` and everything below it, the sandbox included. Each name is
loaded when it is used. In reading order:

- `plugin`: the fixtures `reminder_kit_…`, which pytest finds by itself.
- `simulated_inbox`, `signed_events`: what a number would receive; webhooks as a provider would sign them.
- `house`, `provider_stage`, `provider_contract`: a stand-in to be filled in, a provider on it, what must hold for it.
- `channel_contract`: what must hold for a channel, on a stage where its letters arrive.
- `live`, `live_contract`, `live_table`: a real provider, as much of that as can be asked without sending a message, and
  what it answers where its documents are silent.
- `ledger_stage`, `ledger_contract`, `phones_contract`, `consent_contract`: what must hold for both of our ledgers.
- `crash`: a process killed at its n-th step.

To know: tests go through ports and public interfaces, so that a contract holds for whoever keeps it; and no message can
reach a phone, since everything speaks to the sandbox or is cancelled days before its time.
"""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reminder_kit.testing.channel_contract import ChannelContract, ChannelStage
    from reminder_kit.testing.crash import CrashPoints, kill_at
    from reminder_kit.testing.house import Guest, House
    from reminder_kit.testing.ledger_contract import LedgerContract
    from reminder_kit.testing.live import LiveStage
    from reminder_kit.testing.live_contract import LiveContract
    from reminder_kit.testing.provider_contract import ProviderContract
    from reminder_kit.testing.provider_stage import Held, ProviderSandbox, Stage
    from reminder_kit.testing.signed_events import EVENT_TYPES, TELNYX_PUBLIC_KEY, WEBHOOK_SECRET, signed_event
    from reminder_kit.testing.simulated_inbox import would_receive

with suppress(ImportError):  # a host's tests need not be pytest's
    import pytest

    contracts = ("channel_contract", "ledger_contract", "live_contract", "provider_contract")
    pytest.register_assert_rewrite(*(f"reminder_kit.testing.{contract}" for contract in contracts))

__all__ = [
    "EVENT_TYPES",
    "TELNYX_PUBLIC_KEY",
    "WEBHOOK_SECRET",
    "ChannelContract",
    "ChannelStage",
    "CrashPoints",
    "Guest",
    "Held",
    "House",
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
    "channel_contract": ("ChannelContract", "ChannelStage"),
    "crash": ("CrashPoints", "kill_at"),
    "house": ("Guest", "House"),
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
