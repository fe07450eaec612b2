"""What runs do, in lines: what they report, what the provider was asked, and what the ledger holds in the end."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection

from reminder_kit import Appointment, ReminderKit
from reminder_kit.errors import ReminderKitError
from reminder_kit.model.rule_sets import Standing
from reminder_kit.planning.changes import ChangeKind

WRITES = bool(os.environ.get("REMINDER_KIT_TELL"))
"""Whether the lines of tests that keep them are written anew."""


def at(instant):
    return f"{instant:%m-%d %H:%M:%S}" if instant else "never"


REPORTING = ("sync", "resync", "withdraw", "import_calendar", "apply", "retry")
"""The verbs that return a report."""
UNKEPT = ("rule_version", "provider_id")
"""What the history says that is another time another, or long."""
OTHERS = ("record", "receive", "attention", "plan", "suppress", "allow")


class Told:
    """The lines of a history: what its runs say, as they say it, and how often each verb spoke to the ledger."""

    def __init__(self, monkeypatch):
        self.lines, self.last = [], set()
        self.verb, self.calls, self.statements = "", Counter(), Counter()
        for verb in REPORTING:
            monkeypatch.setattr(ReminderKit, verb, self.heard(verb, self.counted(verb, getattr(ReminderKit, verb))))
        for verb in OTHERS:
            monkeypatch.setattr(ReminderKit, verb, self.counted(verb, getattr(ReminderKit, verb)))

    def listen(self, ledger):
        """Count the statements that come to a ledger in memory; those outside of a verb are the test's own."""
        with ledger._database.engine.connect() as connection:
            connection.connection.driver_connection.set_trace_callback(self.note_statement)

    def note_statement(self, _statement):
        self.statements[self.verb] += 1

    def counted(self, verb, plain):
        """Return a verb whose statements are counted; of one within another, to the outer one."""

        def counting(kit, *given, **named):
            outer, self.verb = self.verb, self.verb or verb
            self.calls[verb] += 1
            try:
                return plain(kit, *given, **named)
            finally:
                self.verb = outer

        return counting

    def work(self):
        """Yield how often each verb was used, and how many statements that took in all."""
        for verb in sorted(self.calls):
            yield f"{self.calls[verb]} x {verb}: {self.statements[verb]} statements"

    def heard(self, verb, plain):
        def told(kit, *given, **named):
            planned = self.planned(kit, verb, given, named)
            try:
                report = plain(kit, *given, **named)
            except BaseException as error:
                self.lines.append(f"{at(kit.now())} {verb} broke off: {type(error).__name__}")
                raise
            if report is not None:
                said = set(self.changes(report))
                self.lines += [f"{at(report.now)} planned {line}" for line in planned if line not in said]
                self.report(verb, report)
            return report

        return told

    def planned(self, kit, verb, given, named):
        """Return the lines of the plan for a run; none for what can be drawn but once, or is planned by no verb."""
        plans = {"sync": kit.plan, "resync": kit.plan_resync}
        drawn = given and not isinstance(given[0], Appointment | Collection)
        if verb not in plans or drawn or "shard" in named or self.verb:
            return []
        self.verb = "plan"
        try:
            plan = plans[verb](*given, **named)
        except ReminderKitError as error:
            return [f"broke off: {type(error).__name__}"]
        finally:
            self.verb = ""
        return [*self.changes(plan), worklist(plan)]

    def report(self, verb, report):
        """Note what a report says that the last one did not."""
        said = [*self.changes(report), *self.waiting(report)]
        counts = [f"{name} {count}" for name, count in sorted(report.summary.items()) if count]
        new = [line for line in said if line not in self.last]
        self.lines += [f"{at(report.now)} {line}" for line in new]
        self.lines.append(" ".join([at(report.now), verb, "ok" if report.ok else "not ok", *counts]))
        self.last = set(said)

    def changes(self, report):
        for change in report.changes:
            if change.kind is not ChangeKind.KEEP or change.outcome != "done":
                words = [change.kind, change.reason, change.outcome, change.identity.id, change.rule or "-"]
                words += [f"due {at(change.due_at)}", f"at {at(change.send_at)}", *change.causes]
                yield " ".join(map(str, words))

    def waiting(self, report):
        # of one instant they stand by their ids, which of replies come from the provider's
        for item in sorted(report.attention, key=lambda item: (item.since, item.kind, item.what)):
            words = [item.kind, item.what, f"for {len(item.affected)}", f"since {at(item.since)}"]
            yield " ".join(["attention", *words, f"again {at(item.next_try_at)}"])


def worklist(plan):
    """Return the line of what a plan says besides its changes; what it does not say is left out."""
    work = plan.worklist
    said = {
        **dict(sorted(plan.summary.items())),
        "parked": plan.parked,
        "guarded": plan.guarded,
        "cancellations": plan.cancellations,
        "again": plan.again,
        "unsafe": plan.is_unsafe,
        "refused": plan.refusal or plan.rules_refusal or work.foreign,
        "records": " ".join(incoming.identity.id for incoming in work.all_incoming),
        "removes": " ".join(one.id for one in work.removals),
        "order": " ".join(one.id for one in work.order),
        "probes": " ".join(one.id for one in work.probing),
        "holds": len(work.held_back),
        "takeovers": len(work.takeovers),
        "absent": len(work.seen),
        "seen": work.seen_at and at(work.seen_at),
        "snapshot": work.snapshot and work.snapshot[0],
        "as of": work.as_of and at(work.as_of),
        "standing": "" if work.standing is Standing.SERVES else work.standing,
        "news": work.news,
        "complete": " ".join(work.complete),
    }
    return ", ".join(f"{name} {value}" for name, value in said.items() if value)


def asked(sandbox):
    """Yield what the provider was asked, and what it then took."""
    for request in sandbox.requests:
        yield f"{at(request.at)} {request.method} {request.status} {request.fault or ''}".rstrip()
    for message in sandbox.messages():
        words = [at(message.created_at), message.kind, message.type, f"from {message.from_}", f"to {message.to[-3:]}"]
        words += [f"at {at(message.send_at)}", message.status, f"sent {at(message.sent_at)}", repr(message.text)]
        yield " ".join(words)


def held(ledger):
    """Yield what the ledger holds."""
    records = ledger.read(lambda reader: list(reader.records()))
    for record in records:
        state = "gone" if record.removed else "dirty" if record.dirty else "stands"
        yield f"{record.identity.id} {state} next {at(record.next_at)} start {at(record.start_at)} {record.replied}"
        for one in sorted(record.outcomes, key=lambda one: (one.rule, str(one.due_at), one.to)):
            yield f"  {one.rule} {one.status} {one.reason} to {one.to[-3:]} {_outcome(one)}".rstrip()
        for one in sorted(record.messages, key=lambda one: (one.created_at, one.send_at, one.state)):
            yield f"  message {one.state} at {at(one.draft.send_at)} {_message(one)} {one.error}".rstrip()
    for blocker in ledger.read(lambda reader: reader.blockers()):
        yield f"blocked by {blocker.code} {blocker.country} {blocker.attempts} since {at(blocker.since)}"
    for source, name in dict.fromkeys(record.identity[:2] for record in records):
        yield from history(ledger, source, name)


def _outcome(one):
    words = [f"due {at(one.due_at)}", f"send {at(one.send_at)}", f"park {at(one.park_at)}"]
    return " ".join([*words, "replacing" * one.replacing, one.error])


def _message(one):
    words = [f"due {at(one.due_at)}", f"start {at(one.start_at)}", f"next {at(one.next_try_at)}"]
    words += [f"attempts {one.attempts}", "known" if one.provider_id else "not known", one.provider, one.sender]
    words += ["uncertain"] * one.uncertain + ["presumed"] * one.presumed
    return " ".join([*words, *(f"and of {at(included.start_at)}" for included in one.includes)])


def history(ledger, source, name):
    """Yield what the ledger says of how an appointment came to that; its messages are numbered."""
    numbers = {"": ""}
    for entry in ledger.read(lambda reader: reader.history(id=name, source=source)):
        message = numbers.setdefault(entry.message_id, f"message {len(numbers)}")
        words = [at(entry.at), entry.actor, entry.event, entry.identity.id, entry.rule, entry.reason, message]
        words += [f"{word}={entry.detail[word]}" for word in sorted(entry.detail) if word not in UNKEPT]
        yield " ".join(words).rstrip()


def compared(file, found):
    """Return the lines that a file holds, to be compared with those found; these are written first where `WRITES`."""
    if WRITES:
        file.parent.mkdir(exist_ok=True)
        file.write_text("\n".join(found), encoding="utf-8")
    return file.read_text(encoding="utf-8").split("\n")
