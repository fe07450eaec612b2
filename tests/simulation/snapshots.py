"""Random histories of snapshots: two hosts take them at some instant and hand them in later, while people go on.

Never chooses by anything but the seed. The oracle needs no clock: what was written to the ledger since a snapshot was
taken is afterwards as it was before; what was written long before is as the snapshot says.
"""

from __future__ import annotations

from datetime import timedelta

from attrs import evolve, frozen

from reminder_kit.planning.plan import Plan
from tests.simulation.histories import History

BEHIND = timedelta(seconds=4)
"""By how much the clock of the second host's machine is behind the first one's."""
DOUBT = timedelta(seconds=10)
"""What was recorded so shortly before a snapshot may count as newer: the kit's 5 seconds, and a clock's."""


@frozen
class Snapshot:
    """What a host read at an instant, and what stood in the ledger then."""

    kit: int
    rows: dict
    taken_at: object
    stood: dict
    #: How often each visit was handed in as it was recorded, until then.
    again: dict
    #: Made at once, and applied later; None: the rows are handed in later.
    plan: Plan | None = None


class SnapshotHistory(History):
    """A history whose host has no list that is always up to date: only snapshots, queries, and hooks."""

    KINDS = ({}, {}, {"kind": "vonage"})
    EVENTS = (
        ("hook", 8), ("again", 3), ("forget", 3), ("take", 5), ("review", 4), ("hand_in", 7), ("query", 4),
        ("pause", 8), ("batch", 2),
    )  # fmt: skip

    def __init__(self, seed, **options):
        super().__init__(seed, **options)
        behind = self.random.choice([timedelta(0), BEHIND, BEHIND])
        if self.world.kind == "vonage":  # two texts to one number within those seconds come in the wrong order
            behind = timedelta(0)
        self.kits = [self.world.kit(), self.world.kit(behind)]
        self.has_revisions = self.chance(0.3)
        self.edits = 0
        self.taken = []
        self.lost = {}
        self.again_in, self.newest = {}, None
        self.kept = self.followed = 0

    # The host

    def change_something(self):
        if self.lost and self.chance(0.4):
            id_ = self.random.choice(sorted(self.lost))
            changed = [self.edited(self.lost.pop(id_))]
            self.host[id_] = changed[0]
        else:
            changed = super().change_something()
        if self.has_revisions:
            self.edits += 1
            changed = [evolve(item, revision=self.edits) for item in changed]
            self.host |= {item.id: item for item in changed}
        return changed

    def hook(self):
        """Book, move, edit or cancel something, and tell the kit at once, on either machine."""
        kit = self.kit()
        if self.host and self.chance(0.2):
            id_ = self.random.choice(sorted(self.host))
            self.lost[id_] = self.host.pop(id_)
            self.log("withdraw", id_)
            kit.withdraw(id_)
            return
        changed = self.change_something()
        way = self.random.choice(["sync", "sync", "record", "book"])
        self.log(way, *[self.shown(item) for item in changed])
        if way == "sync":
            kit.sync(changed)
        elif way == "record":
            kit.record(changed[0])
        else:
            with self.world.host() as connection:
                kit.record(changed, connection=connection)
                connection.commit()

    def again(self):
        """Undo what nobody was told of, or nothing at all, and tell the kit of the visit as it is recorded."""
        known = {record.identity.id: record for record in self.world.records() if not record.removed}
        if not known:
            return
        id_ = self.random.choice(sorted(known))
        visit, kit = known[id_].appointment, self.kit()
        if self.has_revisions:
            self.edits += 1
            visit = evolve(visit, revision=self.edits)
        self.host[id_] = visit
        self.lost.pop(id_, None)
        if self.world.now - known[id_].recorded_at > DOUBT:  # else it is newer for that alone, or clocks can't tell
            self.again_in[id_] = self.again_in.get(id_, 0) + 1
        way = self.random.choice(["sync", "record"])
        self.log(way, "again", self.shown(visit))
        getattr(kit, way)(visit)

    def forget(self):
        """Change something, or lose it, and tell nobody: the next snapshot shows it."""
        if self.host and self.chance(0.4):
            id_ = self.random.choice(sorted(self.host))
            self.lost[id_] = self.host.pop(id_)
            self.log("vanishes", id_)
        else:
            self.log("untold", *[self.shown(item) for item in self.change_something()])

    def pause(self):
        by = self.random.choice([0.001, 1, 3, 6, 20, 90, 1800, 20_000, 90_000])
        self.log("time passes", by)
        self.world.advance(seconds=by)

    def batch(self):
        self.log("resync")
        self.kit().resync(force=True)

    # Snapshots

    def written(self):
        return {record.identity.id: record.written for record in self.world.records()}

    def take(self):
        """Read the host's table, to be handed in some time."""
        kit = self.random.randrange(2)
        self.log("snapshot of", len(self.host), "by kit", kit)
        self.taken.append(Snapshot(kit, dict(self.host), self.kits[kit].now(), self.written(), dict(self.again_in)))

    def review(self):
        """Make a plan of all there is, and apply it once somebody has reviewed it, or some time later."""
        for _ in range(self.random.randrange(4)):
            self.forget()  # so that there is something to review
        kit = self.random.randrange(2)
        taken_at, stood, rows = self.kits[kit].now(), self.written(), dict(self.host)
        given = self.random.choice([list, iter])(rows.values())
        options = self.random.choice([{}, {"as_of": taken_at}])
        self.log("plan of", len(rows), "by kit", kit, *options)
        plan = self.kits[kit].plan(given, "default", complete=True, **options)
        self.taken.append(Snapshot(kit, rows, taken_at, stood, dict(self.again_in), plan))
        self.world.advance(seconds=5)  # a person needs longer
        if self.chance(0.6):
            for _ in range(self.random.randrange(1, 4)):
                self.hook()
            self.hand_in(-1)

    def hand_in(self, which=None):
        """Hand in one of the snapshots: whichever comes through first, unless one is named."""
        if not self.taken:
            return
        snapshot = self.taken.pop(self.random.randrange(len(self.taken)) if which is None else which)
        kit, before = self.kits[snapshot.kit], self.world.records()
        if snapshot.plan is not None:
            self.log("apply the plan of", snapshot.taken_at)
            kit.apply(snapshot.plan, force=True)
            self.compare(before, snapshot, set())
            self.took(snapshot.rows and snapshot.plan.worklist.snapshot and snapshot.taken_at)
            return
        way = self.random.choice(["sync", "sync", "resync", "resync", "covers", "record"])
        rows, absent = snapshot.rows, set(snapshot.stood) - set(snapshot.rows)
        if way == "covers":
            ids = {id_ for id_ in sorted({*rows, *snapshot.stood}) if self.chance(0.6)}
            rows, absent = {id_: row for id_, row in rows.items() if id_ in ids}, absent & ids
        elif way == "record":
            absent = set()
        self.log(way, "the snapshot of", snapshot.taken_at)
        given, as_of = self.random.choice([list, iter])(rows.values()), snapshot.taken_at
        if way == "record":
            kit.record(given, as_of=as_of)
        elif way == "covers":
            kit.sync(given, "default", covers=ids, as_of=as_of, force=True)
        else:
            if not rows:
                absent = set()  # nothing came in: it may be refused, and forced it says so of all
            getattr(kit, way)(given, complete=True, as_of=as_of, force=True)
        self.compare(before, evolve(snapshot, rows=rows), absent)
        self.took(rows and way in ("sync", "resync") and snapshot.taken_at)

    def query(self):
        """Have the kit draw a query, while people go on; it says nothing of when that was."""
        kit, way = self.random.randrange(2), self.random.choice(["sync", "resync"])
        taken_at, stood, rows = self.kits[kit].now(), self.written(), dict(self.host)
        before, again = [], dict(self.again_in)
        self.log(way, "a query by kit", kit)

        def drawn():
            for _ in range(self.random.randrange(4)):
                self.random.choice([self.hook, self.hook, self.forget, self.again])()
                self.world.advance(seconds=self.random.choice([0, 0, 0.5, 3]))
            before.extend(self.world.records())
            yield from rows.values()

        getattr(self.kits[kit], way)(drawn(), complete=True, force=True)
        absent = set(stood) - set(rows) if rows else set()
        self.compare(before, Snapshot(kit, rows, taken_at, stood, again), absent)
        self.took(rows and taken_at)

    # The oracle

    def compare(self, before, snapshot, absent):
        """Nothing written since the snapshot was withdrawn or put back; what was written long before follows it."""
        after = {record.identity.id: record for record in self.world.records()}
        for record in before:
            id_, now = record.identity.id, after[record.identity.id]
            came_again = self.again_in.get(id_, 0) != snapshot.again.get(id_, 0)
            if came_again or record.written != snapshot.stood.get(id_):
                self.kept += 1
                assert (now.fingerprint, now.removed) == (record.fingerprint, record.removed), (
                    f"{id_} came in at {record.recorded_at}, after the snapshot of {snapshot.taken_at}: "
                    f"{'withdrawn' if now.removed else 'put back'}"
                )
            elif self.is_overtaken(snapshot):
                surely = self.newest - snapshot.taken_at > 2 * DOUBT and not self.has_revisions
                assert not surely or (now.fingerprint, now.removed) == (record.fingerprint, record.removed), (
                    f"{id_} follows the snapshot of {snapshot.taken_at} after that of {self.newest}"
                )
            elif record.recorded_at < snapshot.taken_at - DOUBT:
                self.follow(id_, now, snapshot, absent)
        known = {record.identity.id for record in before}
        for id_ in snapshot.rows.keys() - known:
            assert id_ in after or self.is_overtaken(snapshot), f"{id_} came in, and was not recorded"

    def is_overtaken(self, snapshot):
        """Say whether a newer complete snapshot was carried out: what that lacked is not recorded any more."""
        return self.newest is not None and snapshot.taken_at < self.newest

    def took(self, taken_at):
        """Note that a complete snapshot was carried out, if any was, that says when it was taken."""
        if taken_at:
            self.newest = max(taken_at, self.newest or taken_at)

    def follow(self, id_, now, snapshot, absent):
        if id_ in snapshot.rows:
            self.followed += 1
            row = snapshot.rows[id_]
            assert not now.removed, f"{id_} is in the snapshot, and was not recorded"
            assert (now.appointment.start_at, now.appointment.title) == (row.start_at, row.title), f"{id_} is older"
        elif id_ in absent and now.start_at > self.world.now:
            self.followed += 1
            assert now.removed, f"{id_} is not in the snapshot, and was not withdrawn"
