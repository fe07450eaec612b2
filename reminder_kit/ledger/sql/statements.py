"""Every statement of the ledger, for one schema and one kind of database, built once for the life of the process.

Never runs anything.
"""

from __future__ import annotations

from functools import cache

from attrs import frozen

from reminder_kit.ledger.sql.attention_statements import AttentionStatements
from reminder_kit.ledger.sql.consent_statements import ConsentStatements
from reminder_kit.ledger.sql.look_statements import LookStatements
from reminder_kit.ledger.sql.message_statements import MessageStatements
from reminder_kit.ledger.sql.person_statements import PersonStatements
from reminder_kit.ledger.sql.phone_statements import PhoneStatements
from reminder_kit.ledger.sql.queries import Queries
from reminder_kit.ledger.sql.rate_statements import RateStatements
from reminder_kit.ledger.sql.rename_statements import RenameStatements
from reminder_kit.ledger.sql.restoration_statements import RestorationStatements
from reminder_kit.ledger.sql.standing_statements import StandingStatements
from reminder_kit.ledger.sql.sweep_statements import SweepStatements
from reminder_kit.ledger.sql.tables import tables_of
from reminder_kit.ledger.sql.updates import Updates

__all__ = ["Statements", "statements_for"]


@frozen
class Statements:
    """The statements, by what they are about; each is built when it is first needed."""

    queries: Queries
    updates: Updates
    messages: MessageStatements
    phones: PhoneStatements
    consent: ConsentStatements
    person: PersonStatements
    attention: AttentionStatements
    standing: StandingStatements
    restoration: RestorationStatements
    sweep: SweepStatements
    looks: LookStatements
    renames: RenameStatements
    rates: RateStatements


@cache
def statements_for(schema: str | None, kind: str) -> Statements:
    """Return the statements for a schema (None: the connection's default one) on `sqlite` or `postgresql`."""
    given = (tables_of(schema), kind)
    return Statements(
        Queries(*given),
        Updates(*given),
        MessageStatements(*given),
        PhoneStatements(*given),
        ConsentStatements(*given),
        PersonStatements(*given),
        AttentionStatements(*given),
        StandingStatements(*given),
        RestorationStatements(*given),
        SweepStatements(*given),
        LookStatements(*given),
        RenameStatements(*given),
        RateStatements(*given),
    )
