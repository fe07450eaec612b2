"""Who holds a claim: a name that tells the process, the news of its death, and a heartbeat while it lives.

Never decides what is worked on; fencing, in the ledger, is what keeps a late worker from harm.
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
"""How long a claim holds without a heartbeat (design, §13)."""

_BEAT = 20.0


def owner_name() -> str:
    """Return a name for this worker that says which process of which machine it is."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}{_system()}:{uuid4().hex[:8]}"


def _system() -> str:
    """Return what tells this running system from others of its name, and its numbers of processes from a container's.

    "" where the system doesn't tell.
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
    """Return when a process of this machine started; "" where it is gone or the system doesn't tell."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rsplit(")", 1)[1].split()[19]
    except (OSError, IndexError):
        return ""


def is_dead(owner: str) -> bool:
    """Say whether a worker was a process of this machine that is certainly gone: its claims need not run out first."""
    host, pid, begun = [*owner.split(":"), "", "", ""][:3]
    started, at, system = begun.partition("@")
    if host != socket.gethostname() or not pid.isdigit() or (system and at + system != _system()):
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return bool(started) and _started(int(pid)) not in {"", started}


class Heartbeat:
    """Renew claims every twenty seconds of the machine's clock while their holder waits for the provider."""

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
