"""Ledger: what was recorded, decided, asked of the provider, and what came of it; in SQLite or PostgreSQL.

One code path for both databases: SQLAlchemy Core builds each statement once, and it is run as text. Nothing here calls
a provider, decides anything, or reads a clock. Imports `model` and the standard library; SQLAlchemy and alembic are
loaded when a ledger is first used.

In reading order:

- `ledger`: the ledger as the rest of the library knows it: `read`, `submit`, `on` (the host's connection), `upgrade`.
- `reader`: every question, answered from one snapshot.
- `transaction`: every write, inside one open transaction; `recorder` is its part that takes appointments in.
- `backups`: a file copied while it is at work, and put back; `restorations`: what nobody knows any more then.
- `group_commit`: writes of many threads committed together, so that each is durable before its request leaves.
- `asks`: what an operation is going to ask; `foresight`: asked for all operations of a group at once.
- `homes`, `openings`: what a process has open of a ledger for all its namespaces, given back also if nobody closes it.
- `namespaces`: which there are, which have something to do, and whose a message is; for who serves all of them.
- `versions` and `migrations/`: which version the tables have, and how they get to the latest.
- `integrity`: what can be wrong with a ledger, found and mended by `reminder-kit ledger check`.
- `sql/`: tables, statements, and rows as values; `databases/`: connections, files, errors, the host's own connection.

To know:

- A namespace bounds everything that is seen and written. Only the number of parked messages is counted for all.
- An appointment is worked on under a claim: a row, an owner, a fence that grows. Whoever lost a claim can't write any
  more (`ClaimLostError`): that, and not the lease's clock, keeps two workers apart.
- A question may be put again, and a submitted write be run again: both must depend on nothing but what they are handed.
- Reading leaves an SQLite file, and a log that a killed writer left, byte for byte as they were.
"""

from __future__ import annotations

from reminder_kit.ledger.ledger import Ledger

__all__ = ["Ledger"]
