"""Kit: what a host holds in its hand, with a blocking and an async face.

Every verb is written once, as a coroutine over the `IO` port. The async face awaits it; the blocking face has ports
whose coroutines never suspend, so that a few lines (`transport.run_blocking`) drive the same coroutine to its end, also
inside a running event loop. May import every room but the command line, integrations and testing.

In reading order:

- `faces`: `ReminderKit` and `AsyncReminderKit`; the only modules of the kit that read the machine's clock.
- `consent`: suppress, allow, and what was said about a number.
- `verbs`: plan, apply, sync, resync, record, withdraw, receive, explain …
- `assembly`: how provider, fallback, rules, ledger and settings become planner, executor and inbox.
- `fallbacks`, `senders`, `run_notes`: what stands in, further senders, and what the ledger keeps of a run.
- `tenants`: many kits over one ledger; `tenant_kits` builds and drops them, `tenant_webhooks` finds whose a webhook is,
  `tenant_outcomes` are the reports, `shared` what the kits have in common.
- `restored`: who opted out meanwhile, asked before a ledger that was restored writes to anybody.
- `receiving`: a webhook for one kit, verified.
- `rows`, `following`, `endpoint`: for integrations: a host's rows recorded in its transaction, followed after its
  commit, and its webhooks answered.
- `listeners`, `telling`: callbacks of the host, told of events, changes and runs.

To know:

- `now` is read once at the beginning of a verb and handed on; the executor asks the kit's clock again before each step.
- A plan is made without writing; `sync`, `resync`, `import_calendar` and `withdraw` plan and apply at once; `record`
  only writes to the ledger, in the host's own transaction if it likes, and the next `resync` does the rest.
- A callback that raises is logged and harms nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reminder_kit.kit.faces import AsyncReminderKit, ReminderKit

if TYPE_CHECKING:
    from reminder_kit.kit.tenants import AsyncTenants, Tenants

__all__ = ["AsyncReminderKit", "AsyncTenants", "ReminderKit", "Tenants"]


def __getattr__(name: str) -> Any:
    if name not in ("AsyncTenants", "Tenants"):
        raise AttributeError(f"module 'reminder_kit.kit' has no attribute {name!r}")
    from reminder_kit.kit import tenants  # most hosts have one kit

    return getattr(tenants, name)
