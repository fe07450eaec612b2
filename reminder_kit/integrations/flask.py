"""Flask: a kit in an application: its transactions, the provider's webhooks, and `flask reminders`.

Never fails a request, and never commits but in a `transaction` that it was asked to end.

    reminders = Reminders(kit)
    reminders.init_app(app)                       # webhooks at /hooks/telnyx, and `flask reminders resync`

    with reminders.transaction(db) as tx:         # a connection, a session, or Flask-SQLAlchemy's db
        db.execute("INSERT INTO bookings …")
        tx.saved(appointment)                     # committed, or rolled back, with the booking; then followed
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click
from attrs import define, field
from flask import Blueprint, Flask, current_app, request
from flask.cli import with_appcontext

from reminder_kit.errors import InvalidInputError, UnsafePlanError
from reminder_kit.kit.endpoint import taken_in
from reminder_kit.kit.faces import ReminderKit
from reminder_kit.kit.following import follower_of
from reminder_kit.kit.rows import Row, drawn, list_failure, record_each
from reminder_kit.logs import LOG
from reminder_kit.model.appointments import Appointment
from reminder_kit.model.host_data import shown_name

__all__ = ["Reminders", "current_kit"]

_NAME = "reminder_kit"


class Reminders:
    """One kit in one application.

    `follow` says whether a thread of the process follows each commit and each webhook; without it the batch job does.
    `live` returns all appointments there are: `flask reminders resync` hands them in as complete first. Raises
    `InvalidInputError` for another thing than a `ReminderKit`.
    """

    def __init__(
        self,
        kit: ReminderKit,
        app: Flask | None = None,
        *,
        follow: bool = True,
        live: Callable[[], Iterable[Appointment]] | None = None,
    ) -> None:
        if not isinstance(kit, ReminderKit):
            raise InvalidInputError(f"Flask's views block: give a ReminderKit, not a {type(kit).__name__}")
        self.kit = kit
        self.live = live
        self.follower = follower_of(kit)
        self._follow = follow
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask, url_prefix: str = "/hooks") -> None:
        """Add the webhook endpoint below a prefix, and the command `flask reminders`, to an application."""
        app.extensions[_NAME] = self
        blueprint = self._blueprint()
        if (csrf := app.extensions.get("csrf")) is not None:  # Flask-WTF: the signature says who speaks
            csrf.exempt(blueprint)
        app.register_blueprint(blueprint, url_prefix=url_prefix)
        app.cli.add_command(_command)

    def wake(self) -> None:
        """Have what was recorded be followed, apart from the request."""
        if self._follow:
            self.follower.wake()

    @contextmanager
    def transaction(self, db: Any) -> Iterator[Transaction]:
        """Commit what happens inside with what is said of it, or nothing of both; then have it followed.

        `db` is a connection of sqlite3, psycopg or SQLAlchemy, a session, or Flask-SQLAlchemy's `db`. What can't be
        recorded is logged and listed, and the host's own rows are committed all the same. Raises `InvalidInputError`
        for a driver's connection that commits each statement by itself: what raises could not be rolled back there.
        """
        held = getattr(db, "session", db)
        _refuse_autocommit(held)
        transaction = Transaction(held)
        try:
            yield transaction
            failed = self._record(transaction)
            held.commit()
        except BaseException:
            held.rollback()
            raise
        for source, name, words in failed:
            list_failure(self.kit, source, name, words)
        if transaction.rows:
            self.wake()

    def _record(self, transaction: Transaction) -> list[tuple[str, str, str]]:
        """Record what was said; returns what could not be, with why."""
        failed = record_each(self.kit, transaction.rows, _connection_of(transaction.db)) if transaction.rows else []
        for row, words in failed:
            LOG.error("appointment %s could not be recorded: %s", shown_name(row.id), words)
        return [(row.source or "default", row.id, words) for row, words in failed]

    def feed(self, *, force: bool = False) -> int:
        """Hand in what is live, complete; returns the exit status: 1 something failed, 3 it was refused as unsafe."""
        if self.live is None:
            return 0
        try:
            report = self.kit.sync(drawn(self.live), complete=True, force=force)
        except UnsafePlanError as error:
            LOG.error("%s", error)
            return 3
        return 0 if report.ok else 1

    def _blueprint(self) -> Blueprint:
        blueprint = Blueprint(_NAME, __name__)

        def webhook(provider: str | None = None) -> tuple[str, int]:
            if request.method != "POST":
                return "", 200
            headers, query = dict(request.headers.items()), request.query_string.decode("latin-1")
            status = taken_in(self.kit, headers, request.get_data(), provider, refused=401, query=query)
            if status == 200:
                self.wake()
            return "", status

        for rule in ("/", "/<provider>"):
            blueprint.add_url_rule(rule, view_func=webhook, methods=["POST", "GET"])
        return blueprint


@define
class Transaction:
    """What a host says of its appointments before it commits."""

    #: What the rows are recorded on: a connection, or a session.
    db: Any
    #: What was said, in its order.
    rows: list[Row] = field(factory=list)

    def saved(self, appointments: Appointment | Iterable[Appointment], source: str | None = None) -> None:
        """Say that appointments were booked or changed; `source` is theirs, whatever they say themselves."""
        some: Iterable[Appointment] = [appointments] if isinstance(appointments, Appointment) else appointments
        self.rows += [Row(source, appointment.id, appointment) for appointment in some]

    def gone(self, id: str, source: str | None = None) -> None:  # noqa: A002 - the identity's public name
        """Say that there is no such appointment any more."""
        self.rows.append(Row(source, id))


def _refuse_autocommit(db: Any) -> None:
    """Raise `InvalidInputError` for a driver's connection on which nothing that was done could be rolled back."""
    if isinstance(db, sqlite3.Connection):
        alone = getattr(db, "autocommit", False) is True or (db.isolation_level is None and not db.in_transaction)
    elif type(db).__module__.partition(".")[0] in ("psycopg", "psycopg2"):
        alone = db.autocommit and not db.info.transaction_status
    else:
        return
    if alone:
        raise InvalidInputError(
            "this connection commits each statement by itself (autocommit), so that a booking could not be rolled back "
            "with its record: begin a transaction on it first, or open it without autocommit"
        )


def _connection_of(db: Any) -> Any:
    """Return what a kit records on: the session of a scoped one, anything else as it is."""
    return db() if hasattr(db, "session_factory") else db


def current_kit() -> ReminderKit:
    """Return the kit of the current application: what `flask reminders` works with. Raises `InvalidInputError`."""
    found = current_app.extensions.get(_NAME)
    if found is None:
        raise InvalidInputError("this application has no reminders: Reminders(kit).init_app(app)")
    kit: ReminderKit = found.kit
    return kit


@click.command(
    "reminders",
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@with_appcontext
def _command(arguments: Sequence[str]) -> None:
    """Reminders: resync, explain ID, attention, status, rules check, … (as reminder-kit, with this app's kit)."""
    from reminder_kit.cli import main
    from reminder_kit.cli.outcomes import worse

    given = list(arguments) or ["--help"]
    reminders, fed = current_app.extensions[_NAME], 0
    if given[0] == "resync" and not {"--dry-run", "--now", "--help"} & {*given}:
        fed = reminders.feed(force="--force" in given)
    status = main([*given, "--app", "reminder_kit.integrations.flask:current_kit"])
    sys.exit(worse(fed, status))
