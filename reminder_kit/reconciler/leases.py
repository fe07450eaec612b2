"""Leases: the name under which a worker holds claims, whether its process is dead, and the heartbeat while it lives.

Never decides what is worked on. A lease only saves waiting: what keeps a late worker from harm is the fence, which
`ledger.transaction` asks at every write.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self
from uuid import uuid4

from reminder_kit.ledger.ledger import Ledger
from reminder_kit.model.records import Claim

if TYPE_CHECKING:
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["LEASE", "Heartbeat", "Owner", "is_dead", "owner_name"]

LEASE = timedelta(seconds=60)
"""How long a claim holds without a heartbeat: after that, another worker may take it over."""

_BEAT = 20.0
"""How many seconds lie between two heartbeats."""


def owner_name() -> str:
    """Return a new name for a worker, by which `is_dead` knows its machine and process."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}{_system()}:{uuid4().hex[:8]}"


def _system() -> str:
    """Return a mark of this running system: its boot, and the namespace in which its processes are numbered.

    Another machine or container of the same host name has another mark. "" where the system doesn't say.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"@{boot}/{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


class Owner:
    """The name of one worker; a process forked from it is another worker, and has a name of its own."""

    def __init__(self) -> None:
        self._pid, self._name = os.getpid(), owner_name()

    def __str__(self) -> str:
        if self._pid != os.getpid():
            self._pid, self._name = os.getpid(), owner_name()
        return self._name


def _started(pid: int) -> str:
    """Return when a process of this machine started, in ticks since boot; "": it is gone, or the system doesn't say."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rsplit(")", 1)[1].split()[19]
    except (OSError, IndexError):
        return ""


def is_dead(owner: str) -> bool:
    """Say whether the worker of this name was a process of this machine that is certainly gone.

    Then nobody need wait until its claims run out. Of a process elsewhere, nothing is certain.
    """
    host, pid, origin = [*owner.split(":"), "", "", ""][:3]
    started, separator, system = origin.partition("@")
    if host != socket.gethostname() or not pid.isdigit() or (system and separator + system != _system()):
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return bool(started) and _started(int(pid)) not in {"", started}


class Heartbeat:
    """Renews claims every twenty seconds of the machine's clock, in a thread of its own, while the context is open.

    The holder may wait for a provider for longer than a lease. `clock` is the kit's, by which leases run out.
    """

    def __init__(self, ledger: Ledger, claims: Sequence[Claim], clock: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._claims = claims
        self._clock = clock
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="reminder-kit-heartbeat", daemon=True)

    def _beat(self) -> None:
        while not self._over.wait(_BEAT):
            self._ledger.submit(partial(_renew, self._claims, self._clock() + LEASE))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()


def _renew(claims: Sequence[Claim], until: datetime, transaction: Transaction) -> None:
    transaction.renew(claims, until)
