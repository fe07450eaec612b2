"""Places in the rate of a provider's account, given to the processes that share the ledger.

Never commits, and never waits for a place: it says when it is. PostgreSQL's clock is that of every machine; SQLite is
shared by the processes of one, whose own clock they bring along.
"""

from __future__ import annotations

import json

from reminder_kit.ledger.databases.runner import Runner
from reminder_kit.ledger.sql.rate_statements import RateStatements
from reminder_kit.model.rates import Granted, RateBook, Wanted

__all__ = ["grant"]

_PATIENCE = "SET LOCAL lock_timeout = '1s'"
"""For how long others' places are waited for: a process of a machine that went off holds its row until PostgreSQL hears
of that, which may take hours."""


def grant(name: str, wanted: Wanted, runner: Runner, statements: RateStatements) -> Granted:
    """Give places in the rate of an account; who else asks meanwhile waits until this transaction has ended.

    Raises what the driver does where PostgreSQL lets nobody have the row within a second.
    """
    if runner.kind == "postgresql":
        runner.statement(_PATIENCE)
    if not (found := runner.rows(statements.taken, name=name)):
        runner.run(statements.begin, name=name)
        found = runner.rows(statements.taken, name=name)
    ((steps, due, until),) = found
    now = int(runner.rows(statements.now)[0][0]) if runner.kind == "postgresql" else wanted.now
    book, granted = RateBook.of(tuple(json.loads(steps)), due, until).granting(wanted, now)
    values = {"new_taken": json.dumps(book.as_steps, separators=(",", ":")), "new_due": book.due}
    runner.run(statements.take, which=name, new_until=book.until, **values)
    return granted
