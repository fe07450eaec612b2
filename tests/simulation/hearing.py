"""What a practice hears of replies, held against what each person had got when she wrote.

Never asks how the kit matched a reply: each text says itself which visits it tells of, at which start, and the sandbox
which texts had reached the phone by then. Where nobody could know, it asks the ledger what was in doubt.
"""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import datetime, timedelta

from attrs import define, field

from reminder_kit.model.lifecycle import State
from reminder_kit.providers.replies import Replies
from tests.simulation.laws import REARM, moment
from tests.simulation.world import parked

KEYWORDS = {"confirm": ["C", "YES"], "decline": "No"}
REPLIES = ("received", "opted_out", "opted_in")
AHEAD = timedelta(minutes=15)
"""How far a provider's clock may be ahead, so that a reply may answer what goes out only then by ours."""

ONE = "{{ appointment.title }}={{ appointment.starts_at.isoformat() }};"
ALL = "{% for visit in appointments %}{{ visit.title }}={{ visit.starts_at.isoformat() }};{% endfor %}"
"""Texts that say what they tell of: visits whose title is their id."""


def told_by(message):
    """Return which visits a text tells of, each with the start that it says."""
    return {id_: datetime.fromisoformat(start) for id_, start in re.findall(r"([\w-]+)=([^;]+);", message.text)}


@define
class Reply:
    """What a person wrote, and what was told of it."""

    number: str
    text: str
    at: datetime
    #: Which texts she may have meant, by what had reached her.
    meant: list
    #: The event `received`, `opted_out` or `opted_in`, with the visits as they stood when it was told.
    told: list = field(factory=list)
    #: The events of the keyword, likewise.
    words: list = field(factory=list)
    #: Whether it was ever true, since it was told, that it holds for no visit.
    held_for_none: bool = False
    #: Whether nobody could know, as its keyword was told, what she meant.
    excused: bool = False

    def __str__(self):
        return f"{self.text!r} of {self.number[-2:]} at {self.at:%m-%d %H:%M:%S}"


class Hearing:
    """All that was told of replies in one history, and what it should have been.

    `visits` returns the practice's visits by id; it changes none of them between what a kit does and `hear`.
    """

    def __init__(self, world, visits, log):
        self.world, self.visits, self.log = world, visits, log
        self.names = Replies.of(KEYWORDS)
        self.replies, self.words = {}, defaultdict(list)
        #: What kits told since; the replies that were lost with a process.
        self.told, self.lost = [], set()
        self.confirmed = self.of_several = self.waited = self.exact = 0

    def note(self, event):
        """Note a reply that a kit is about to be told of, the first time that it is."""
        if event.id not in self.replies:
            number, at = event.number, event.occurred_at
            self.replies[event.id] = Reply(number, event.text or event.type, at, self.meant(number, at))
            if event.type in ("opted_out", "opted_in"):
                self.words[number].append((at, event.type == "opted_out"))

    def forget_unless_stored(self, event):
        """Take back a reply of which a kit was to be told, and died before it was stored: it comes again."""
        if event.type in REPLIES and event.id not in {
            row["id"] for row in self.world._selected("SELECT id FROM reminder_kit_events")
        }:
            self.replies.pop(event.id, None)
            said = (event.occurred_at, event.type == "opted_out")
            if said in self.words[event.number]:
                self.words[event.number].remove(said)

    # What is known from outside

    def meant(self, number, at):
        """Return the texts that a person may have answered then: the last that had come, or those of its second."""
        came = [message for message in self.world.sandbox.messages(number) if message.sent_at and message.sent_at <= at]
        latest = max((message.sent_at for message in came), default=None)
        return [message for message in came if message.sent_at == latest]

    def rows_to(self, number, until):
        return [
            row
            for row in self.world.messages().values()
            if row["to_number"] == number and moment(row["send_at"]) <= until
        ]

    def is_open(self, reply):
        """Say whether it is not settled yet what became of a text to her."""
        return any(row["state"] in (State.CREATING, State.CANCELLING) for row in self.rows_to(reply.number, reply.at))

    def is_beyond_knowing(self, reply):
        """Say whether the kit can't know what she had got: a text that nobody can name, one that was blocked untold,
        or, where she had got none, one whose time came right afterwards.
        """
        made = {row_id: self.world.sandbox.by_id[id_] for id_, row_id in self.world.made.items()}
        rows = self.rows_to(reply.number, reply.at)
        untold = [row for row in rows if row["id"] in made and row["state"] != State.UNDELIVERED]
        if any(made[row["id"]].status == "sending_failed" for row in untold) or any(
            row["state"] in (State.UNKNOWN, State.ABANDONED) for row in rows
        ):
            return True
        over = all(start <= reply.at for message in reply.meant for start in told_by(message).values())
        if over and any(row["state"] == State.UNDELIVERED for row in rows):
            return True  # reported not to have come, and nothing else is likelier
        return not reply.meant and bool(self.rows_to(reply.number, reply.at + AHEAD))

    def standing(self, message):
        """Return the visits a text told of, each with its status by now, and whether what was replied holds for it."""
        found = {}
        for id_, start in told_by(message).items():
            item = self.visits().get(id_)
            status = "removed" if item is None else str(item.status)
            off = status in ("removed", "cancelled", "no_show")
            found[id_] = status, not off and abs(item.start_at - start) <= REARM
        return found

    def holding(self, reply):
        return [{id_ for id_, (_, holds) in self.standing(message).items() if holds} for message in reply.meant]

    # What hosts hear

    def hear(self):
        """Look at what was told since; the practice has changed nothing meanwhile."""
        told, self.told[:] = list(self.told), []
        for event in told:
            self.hear_event(event)
        self.note_what_holds_for_none()

    def hear_event(self, event):
        base = next((id_ for id_ in self.replies if event.id == id_ or event.id.startswith(f"{id_}:")), None)
        if base is None:
            assert event.type not in (*REPLIES, *KEYWORDS), f"nobody wrote {event}"
            return
        reply = self.replies[base]
        self.log("  told", event.type, event.appointment and event.appointment[1])
        if event.id == base:
            self.hear_reply(event, reply)
        else:
            self.hear_word(event, reply)

    def hear_reply(self, event, reply):
        assert not reply.told, f"told twice: {reply}"
        reply.told.append(event)
        said = {answered.id: (str(answered.status), answered.stands) for answered in event.appointments}
        if self.is_beyond_knowing(reply):
            return
        if not said and self.is_open(reply):
            self.waited += 1
            return
        self.exact += 1
        wanted = [self.standing(message) for message in reply.meant] or [{}]
        assert said in wanted, f"{reply} is about {said}, and answers one of {wanted}"

    def hear_word(self, event, reply):
        name = self.names.name_of(reply.text)
        assert event.type == name, f"{reply} was told as {event.type}"
        id_ = event.appointment and event.appointment[1]
        assert id_ not in [about for about, _ in reply.words], f"told twice of {id_}: {reply}"
        reply.excused = reply.excused or self.is_beyond_knowing(reply)
        reply.words.append((id_, self.holding(reply)))
        if id_ is not None:
            item = self.visits().get(id_)
            assert item is not None, f"{reply} was told of {id_}, which is gone"
            assert item.status not in ("cancelled", "no_show"), f"{reply} was told of {id_}, which is {item.status}"
            self.confirmed += 1

    def note_what_holds_for_none(self):
        for reply in self.replies.values():
            if reply.told and not all(self.holding(reply)):
                reply.held_for_none = True

    # Opting out

    def last_words(self, number):
        """Return whether the last word of a number that the kit knows opts out; several were said at one instant.

        A text that the provider blocked says so too: she had opted out by then, whether or not that word came. One
        that it refused to park, or that Twilio blocked, may say so: she may have opted in while it was on its way.
        """
        rows = [row for row in self.world.messages().values() if row["to_number"] == number]
        blocked = [
            (moment(row["send_at"]), True)
            for row in rows
            if row["state"] == State.UNDELIVERED and row["error"].startswith("40300")
        ]
        words = [*self.words[number], *(blocked if self.world.kind == "telnyx" else ())]
        latest = max((at for at, _ in words), default=None)
        known = {stops for at, stops in words if at == latest} or {False}
        refused = any(
            row["state"] in (State.UNDELIVERED, State.REJECTED)
            and any(code in row["error"] for code in ("40300", "21610"))
            and (latest is None or moment(row["send_at"]) >= latest)
            for row in rows
        )
        return known | {True} if refused else known

    def check_bar(self, number):
        is_barred = number in self.world.ledger.read(lambda reader: reader.suppressions())
        wanted = self.last_words(number)
        assert is_barred in wanted, f"{number} is {'' if is_barred else 'not '}barred, and her last word is another one"

    # The end

    def lose(self):
        """Find the words that were settled and not told as a process died: nobody tells them any more."""
        for row in self.world._selected("SELECT id FROM reminder_kit_events WHERE matched"):
            reply = self.replies.get(row["id"])
            if reply is not None and not self.is_told(reply):
                self.lost.add(row["id"])

    def is_told(self, reply):
        is_word = self.names.name_of(reply.text) is not None
        return bool(reply.told) and (not is_word or bool(reply.words) or reply.held_for_none)

    def check(self):
        """All was told that there was to tell, once; nobody whose last word was STOP is to get anything."""
        assert not self.world.ledger.read(lambda reader: reader.waiting_replies()), "a reply waits for ever"
        near, unknown = self.world.now + timedelta(minutes=2), self.world.once("unknown")
        for message in parked(self.world):
            if self.world.made.get(message.id) not in unknown and message.send_at >= near:
                assert False in self.last_words(message.to), f"she said STOP, and is to get {message}"
        for id_, reply in self.replies.items():
            self.check_told(id_, reply)

    def check_told(self, id_, reply):
        """Each reply was told once; a keyword once for each visit for which it held as it was told."""
        assert len(reply.told) == 1 or id_ in self.lost, f"never told: {reply}"
        name = self.names.name_of(reply.text)
        about = [about for about, _ in reply.words]
        assert not about or name is not None, f"{reply} is no keyword, and was told of {about}"
        if name is None or id_ in self.lost or reply.excused or (not about and self.is_beyond_knowing(reply)):
            return
        if not reply.meant:
            assert about == [None], f"{reply} answers nothing, and was told of {about}"
        elif not about:
            assert reply.held_for_none, f"never told by its name: {reply}, which held for {self.holding(reply)}"
        else:
            _, wanted = reply.words[0]
            assert set(about) in wanted, f"{reply} was told of {about}, and held for one of {wanted}"
            self.of_several += len(about) > 1
