"""For tests of hosts and of providers and ledgers that others write. Never imported by the rest of the library."""

from __future__ import annotations

__all__: list[str] = []
