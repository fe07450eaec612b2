"""SQLAlchemy: what a session saves is recorded in its own transaction; sync and async sessions of version 2.

Never fails a commit, and never touches a session after its commit: what can't be recorded is logged and listed, and the
batch job repairs it.

    reminders = SessionReminders(kit, Session)          # a sessionmaker, an async_sessionmaker, or a class of sessions
    reminders.track(Booking, to_appointment, also={Customer: lambda customer: customer.bookings})

Rows are collected as they are flushed and recorded once, as the transaction is committed; what a savepoint or the whole
transaction undoes, rolled back or closed, is dropped. Rows of a bulk UPDATE or DELETE are found by its condition. A
bulk INSERT tells no keys: hand its rows to `touch`, or leave them to the batch job (`kit.resync(rows, complete=True)`).

In reading order:

- `registry`: `SessionReminders`: what is heard of a session; `collecting`: what it has changed since it began.
- `tracking`: one tracked model: which appointment a row is, was, or changes; `before`: rows before a flush.
"""

from __future__ import annotations

from reminder_kit.integrations.sqlalchemy.registry import SessionReminders

__all__ = ["SessionReminders"]
