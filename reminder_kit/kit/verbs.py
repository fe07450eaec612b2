"""Every verb of the kit, once: coroutines that both faces share, called by their public names.

Decides nothing itself: a verb hands `now` to the planner and the plan to the executor. A verb calls no other verb,
since the blocking face has functions of the same names.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import evolve

from reminder_kit.errors import InvalidInputError, PlanChangedError
from reminder_kit.kit.listeners import announces_run
from reminder_kit.kit.looking import LookingVerbs
from reminder_kit.kit.receiving import verified
from reminder_kit.model.appointments import Appointment, Status, recurrence_name
from reminder_kit.model.host_data import shown_name
from reminder_kit.model.messages import DeliveryEvent
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import Identity
from reminder_kit.planning.report import Report

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader
    from reminder_kit.ledger.transaction import Transaction
    from reminder_kit.planning.attention import AttentionItem
    from reminder_kit.planning.explanation import Explanation
    from reminder_kit.planning.plan import Plan
    from reminder_kit.ports import IO
    from reminder_kit.reconciler.planner import Appointments, Planner
    from reminder_kit.reconciler.shards import Shards

__all__ = ["Verbs"]


class Verbs(LookingVerbs):
    """The verbs; those about consent, about people and those that only look are in modules of their own."""

    # Planning

    async def warm(self) -> None:
        """Load what a first run needs, some 0.3 s that a worker's first request then does not wait for.

        Nothing is written, no ledger is created and no provider connected to: it may be called before a server forks
        its workers, which then share what was loaded.
        """
        ios = [io for _, io in self._routes()]
        await self._in_thread(_load, self._planner, ios, self.now())

    async def plan(
        self,
        appointments: Appointments,
        source: str | None = None,
        *,
        complete: bool = False,
        covers: Collection[str] = (),
        as_of: datetime | None = None,
        force: bool = False,
    ) -> Plan:
        """Return what `sync` would do, without writing anything anywhere.

        `appointments` is one or any iterable. With `source` they all belong to it, whatever
        they say themselves. `complete` says that these are all of that source: recorded future
        ones that are absent would be withdrawn; `covers` names ids of which every occurrence is handed in. `force`
        plans what `sync` would do where it is forced.

        `as_of` (aware, not later than the kit's clock: `kit.now()`) says when they were read:
        what was recorded later, or up to 5 seconds before, is newer and stays as it is, unless
        revisions of one kind say otherwise. Without it, the kit knows the time of rows that it
        draws itself (a generator, a lazy query); a list may be of any age, and is taken as the
        latest word on all that was recorded before the call.
        """
        return await self._in_thread(
            self._planner.sync,
            appointments,
            self.now(),
            source=source,
            complete=complete,
            covers=covers,
            as_of=as_of,
            forced=force,
        )

    async def plan_calendar(
        self,
        file: Any,
        source: str | None = None,
        *,
        complete: bool = False,
        as_of: datetime | None = None,
        force: bool = False,
    ) -> Plan:
        """Return what `import_calendar` would do; what could not be read is in `problems`."""
        return await self._in_thread(
            self._planner.calendar_import,
            file,
            self.now(),
            source=source,
            complete=complete,
            as_of=as_of,
            forced=force,
        )

    async def plan_resync(
        self,
        appointments: Appointments | None = None,
        *,
        complete: bool = False,
        only_dirty: bool = False,
        as_of: datetime | None = None,
        force: bool = False,
    ) -> Plan:
        """Return what `resync` would do."""
        return await self._in_thread(
            self._planner.resync,
            self.now(),
            appointments,
            complete=complete,
            only_dirty=only_dirty,
            as_of=as_of,
            forced=force,
        )

    # Doing

    @announces_run()
    async def apply(self, plan: Plan, *, expect_digest: str | None = None, force: bool = False) -> Report:
        """Carry out a plan and return the report; what was recorded since it was made is newer, and stays as it is.

        Raises `PlanChangedError` where `expect_digest` is another plan's, `UnsafePlanError`
        where it withdraws too much and is not forced.
        """
        if expect_digest is not None and plan.digest != expect_digest:
            raise PlanChangedError(
                f"this is not the plan that was reviewed ({plan.digest[:12]}, expected {expect_digest[:12]}): "
                "plan again and review that"
            )
        return await self._carry_out(plan.of_its_instant(), force=force)

    @announces_run("sync")
    async def sync(
        self,
        appointments: Appointments,
        source: str | None = None,
        *,
        complete: bool = False,
        covers: Collection[str] = (),
        force: bool = False,
        as_of: datetime | None = None,
    ) -> Report:
        """Make the provider hold what these appointments ask for: plan, then apply at once."""
        await self._in_thread(self.ledger.upgrade_if_older)
        plan = await self._in_thread(
            self._planner.sync,
            appointments,
            self.now(),
            source=source,
            complete=complete,
            covers=covers,
            as_of=as_of,
            forced=force,
        )
        return await self._carry_out(plan, force=force)

    @announces_run("import")
    async def import_calendar(
        self,
        file: Any,
        source: str | None = None,
        *,
        complete: bool = False,
        force: bool = False,
        as_of: datetime | None = None,
    ) -> Report:
        """Read a calendar and sync its occurrences; `source` defaults to the file's stem.

        `complete` also withdraws what the file no longer has; `as_of` says when the file was
        exported (see `plan`; the time of a file in its file system is not asked). Raises `CalendarError` for
        what is no calendar; a broken event is in the report's `problems` and stops nothing else.
        """
        await self._in_thread(self.ledger.upgrade_if_older)
        plan = await self._in_thread(
            self._planner.calendar_import,
            file,
            self.now(),
            source=source,
            complete=complete,
            as_of=as_of,
            forced=force,
        )
        return await self._carry_out(plan, force=force)

    @announces_run("resync")
    async def resync(
        self,
        appointments: Appointments | None = None,
        *,
        complete: bool = False,
        only_dirty: bool = False,
        shard: Collection[int] | None = None,
        force: bool = False,
        as_of: datetime | None = None,
    ) -> Report:
        """Do the batch job: whatever was recorded, became due, failed or was left open is brought in order.

        `appointments` (any iterable) are taken in first, as they were `as_of` (see `plan`;
        default: as the call began). `only_dirty` looks only at what was recorded since, `shard` at a part of it (see
        `shards`). Raises `InvalidInputError` for a shard together with any of these, and for what is no shard.
        """
        await self._in_thread(self.ledger.upgrade_if_older)
        if shard is not None:
            if appointments is not None or complete or only_dirty:
                raise InvalidInputError("a shard is a part of what is recorded: nothing is handed in with it")
            from reminder_kit.reconciler.shards import as_rows

            plan = await self._in_thread(self._planner.shard, self.now(), as_rows(shard))
            return await self._purged(await self._carry_out(plan, force=force, job="resync"))
        plan = await self._in_thread(
            self._planner.resync,
            self.now(),
            appointments,
            complete=complete,
            only_dirty=only_dirty,
            as_of=as_of,
            forced=force,
        )
        plan = await self._permitted(plan)
        if plan.is_unsafe and not force:  # a refusal keeps no STOP from being obeyed, and nothing begun open
            await self._executor.apply(plan.in_any_case(), patient=True)
        if only_dirty:  # what follows a webhook or a suppression is no run of the batch job
            return await self._carry_out(plan, force=force)
        return await self._purged(await self._carry_out(plan, force=force, job="resync"))

    async def shards(self, most: int = 200) -> Shards:
        """Return what the batch job has to do in parts, for several workers to do at once: `resync(shard=part)` each.

        `own` is for whoever asked, `others` are to be handed out. A part is of at most so many appointments; those that
        share a number are in one part, however many they are. Where `whole` says why, the batch job is to be done by
        one worker: `own` is None then. Nothing is written. A part that nobody does, or that two do, costs nothing: the
        next round has it, and an appointment is worked on by one.
        """
        await self._in_thread(self.ledger.upgrade_if_older)
        from reminder_kit.reconciler.shards import shards_of

        return await self._in_thread(shards_of, self._planner, self.now(), most)

    async def record(
        self,
        appointments: Appointments,
        source: str | None = None,
        *,
        connection: Any = None,
        as_of: datetime | None = None,
    ) -> None:
        """Write appointments to the ledger and nothing else; the next `resync` does the rest.

        What was recorded after `as_of` (see `plan`) is newer than they are, and stays as it is.
        With `connection` (SQLAlchemy's, a session, or a DB-API connection) this is part of
        the host's own transaction: it is committed, or rolled back, with the booking.
        """
        from reminder_kit.reconciler.planner import SMALL

        taken = self._planner.taken(appointments, as_of, self.now())
        all_incoming, now = self._planner.incoming(appointments, source), self.now()

        def write(tx: Transaction) -> None:
            tx.record(all_incoming, now, as_of=taken.at if taken else None, note=len(all_incoming) <= SMALL)

        await self._written(write, connection)

    @announces_run("withdraw")
    async def withdraw(
        self,
        id: str,  # noqa: A002 - the identity's public name
        source: str | None = None,
        recurrence_id: str | date | None = None,
        *,
        keep: bool = False,
        notify: bool = False,
        force: bool = False,
        connection: Any = None,
    ) -> Report:
        """Withdraw an appointment (every occurrence, or the one whose original start is named): it is gone.

        Without `source` the id may belong to any; raises `InvalidInputError` where it belongs to several, or is none.
        `keep` keeps it out also while its calendar still has it, until it changes there; else the next import brings it
        back. `notify` records it as cancelled, so that who was told of it hears so where the kit has a `cancellation`.
        `force` passes over the guard (`max_changes`). With `connection` it is only recorded, in the host's transaction.
        """
        from reminder_kit.reconciler.kept_out import note_withdrawal
        from reminder_kit.reconciler.scope import require_one_source

        if not isinstance(id, str):
            raise InvalidInputError(f"an appointment's id is a text, and {type(id).__name__} is none: give its id")
        now, name = self.now(), recurrence_name(recurrence_id)

        def named(reader: Reader) -> list[Identity]:
            return require_one_source(reader.identities(id, source, name))

        if connection is not None:

            def take_back(tx: Transaction) -> Sequence[object]:
                found = named(tx.reader)
                note_withdrawal(found, now, tx, keep=keep, notify=notify, whole=name is None)
                if notify:
                    return tx.record(self._planner.incoming(_cancelled(found, tx.reader), None), now)
                return tx.remove(found, now)

            gone = await self._written(take_back, connection)
            return Report(now=now, changes=(), appointments=len(gone))
        await self._in_thread(self.ledger.upgrade_if_older)
        found = await self._in_thread(self.ledger.read, named)
        if keep or notify:
            note = partial(note_withdrawal, found, now, keep=keep, notify=notify, whole=name is None)
            await self._io.result(self.ledger.submit(note))
        if notify:
            cancelled = await self._in_thread(self.ledger.read, partial(_cancelled, found))
            plan = await self._in_thread(self._planner.sync, cancelled, now, forced=force)
            return await self._carry_out(plan, force=force)
        return await self._carry_out(await self._in_thread(self._planner.withdrawal, found, now), force=force)

    @announces_run("retry")
    async def retry(self, id: str | None = None, reason: str | None = None, source: str | None = None) -> Report:  # noqa: A002 - the identity's public name
        """Try now what waits: all of it, what waits for a `reason` (a code, as in changes), or one appointment.

        Without an id, messages in doubt are asked about, and one of those that an account stops is tried: nothing is
        made anew that may exist. With an id also what was refused for good, or may exist, is made anew: a second
        text may come of that. Say it once the account was mended, since new words of a parked message, whose old
        message has to go first, are tried only then: with an id those of that appointment, without one of a single
        reminder, where nothing else waits. Raises `InvalidInputError` for an id that is not recorded.
        """
        from reminder_kit.reconciler.retrying import hasten, start_afresh

        now = self.now()
        await self._in_thread(self.ledger.upgrade_if_older)
        await self._io.call(self.ledger.prepare)
        if id is None:
            outages = self._executor.start_asking(now) if reason in (None, Reason.WAITING_PROVIDER) else []
            await self._io.result(self.ledger.submit(partial(hasten, reason, outages, now)))
        else:
            await self._io.result(self.ledger.submit(partial(start_afresh, id, source, now)))
        plan = await self._in_thread(self._planner.resync, now, only_dirty=True)
        return await self._carry_out(plan, force=True, patient=False)

    @announces_run("again")
    async def send_again(
        self,
        id: str,  # noqa: A002 - the identity's public name
        rule: str,
        recipient: str | None = None,
        source: str | None = None,
        recurrence_id: str | date | None = None,
    ) -> Report:
        """Send a reminder that went out once more, because a person says so: one new message, in words true by then.

        It goes out as soon as window, quiet hours and `min_gap` allow, before the start, and to nobody who is barred;
        changes name it `<rule>-again`. `recipient` is the person's id or number; None: the only one. Raises
        `InvalidInputError` where a message of it is parked, waits or is in doubt, or none went out yet.
        """
        from reminder_kit.reconciler.again import ask_again

        now, name = self.now(), recurrence_name(recurrence_id)
        await self._in_thread(self.ledger.upgrade_if_older)
        found = await self._in_thread(self.ledger.read, lambda reader: reader.identities(id, source, name))
        if len(found) != 1:
            raise InvalidInputError(f"{len(found)} appointments are meant by {shown_name(id)}: name its occurrence")
        who = recipient if recipient is None else self._recipient(recipient)
        await self._io.result(self.ledger.submit(lambda tx: ask_again(found[0], rule, who, self.settings, now, tx)))
        plan = await self._in_thread(self._planner.resync, now, only_dirty=True)
        return await self._carry_out(plan, patient=False)

    async def receive(
        self, headers: Mapping[str, str], body: bytes, provider: str | None = None, url: str | None = None
    ) -> tuple[DeliveryEvent, ...]:
        """Take in a webhook: verify the raw bytes, store, note what it tells; makes no provider call.

        `provider` names the one it is from; without it, the signature shows that. `url` is the address that was called,
        for providers that sign it (Twilio): whole, or from the path or query on; without it `webhook_url`. What came
        before is returned as `repeated`, and changes nothing. Raises `SignatureError` or `PayloadError`, and
        `InvalidInputError` where the body is not bytes.
        What follows (withdrawing after a STOP) is done by the next `resync(only_dirty=True)`.
        """
        return await self._taken(verified(self, headers, body, provider, url))

    # Looking

    async def explain(
        self,
        id: str,  # noqa: A002 - the identity's public name
        source: str | None = None,
        recurrence_id: str | date | None = None,
    ) -> Explanation:
        """Say of every rule × recipient of an appointment what was, and would be, decided, and why.

        Of every occurrence, or of the one whose original start is named, as datetime, date or text in any spelling.
        """
        name = recurrence_name(recurrence_id)
        return await self._in_thread(self._planner.explanation, id, source, name, self.now())

    async def attention(self, seen: str | None = None) -> tuple[AttentionItem, ...]:
        """Return what waits for a person, the oldest first: who, why, the remedy, since when, and the next attempt.

        `seen` is the id of an item that somebody has seen: its present members are marked so first. Raises
        `InvalidInputError` where there is no such item.
        """
        now = self.now()
        if seen is not None:
            await self._io.call(self.ledger.prepare)
            if not await self._io.result(self.ledger.submit(partial(self._watch.see, seen, now))):
                raise InvalidInputError(
                    f"nothing waits under the name {shown_name(seen)}: see `attention` for the names"
                )
        return tuple(await self._in_thread(self._watch.items, now))


def _cancelled(found: Sequence[Identity], reader: Reader) -> list[Appointment]:
    """Return recorded appointments as they are once they are cancelled."""
    return [evolve(record.appointment, status=Status.CANCELLED) for record in reader.records(identities=found)]


def _load(planner: Planner, ios: Sequence[IO], now: datetime) -> None:
    """Plan for a made-up appointment, which reads the ledger and writes a text, and load what writes and sends."""
    import reminder_kit.ledger.group_commit  # noqa: F401 - that is all
    from reminder_kit.text.samples import made_up

    planner.sync(made_up(now + timedelta(days=3), ()), now)
    for io in ios:
        io.load()
