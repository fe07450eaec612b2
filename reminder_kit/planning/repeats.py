"""Repeats: of two records of one visit, told in the same words, one message.

Pure: no clock, no I/O. Never touches a message that is parked, and never compares what one appointment says itself to
one recipient: only new messages are left unsaid, where another appointment's message to that number tells the same of
the same start, or one that went out to it when it was another recipient's.

The words are the same if they would be at the other one's time: "tomorrow" an hour earlier is no other message.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from datetime import datetime

from attrs import define, evolve, field

from reminder_kit.errors import ConfigurationError
from reminder_kit.model.reasons import SAID_BY_OTHERS, Reason
from reminder_kit.model.records import Identity, Twin
from reminder_kit.planning.assessment import Assessment
from reminder_kit.planning.changes import ChangeKind
from reminder_kit.planning.decision import Decision
from reminder_kit.planning.former_keys import told_others
from reminder_kit.planning.observed import Observed
from reminder_kit.planning.settings import Settings
from reminder_kit.planning.spacing import EACH_RUN, new_messages
from reminder_kit.rules.placement import Placement, PlacementDecision
from reminder_kit.rules.superseding import COLLAPSE_WITHIN

__all__ = ["Planned", "Visit", "is_repeated", "leaves_its_visit", "siblings_of", "skip_same_texts"]

Visit = tuple[str, datetime]
"""A number, and a start (UTC)."""


def siblings_of(assessments: Iterable[Assessment], observed: Observed) -> frozenset[str]:
    """Return the keys of all reminders of an appointment, wanted or only recorded, but for those that told others.

    A reminder went to another person where its recipient has another number by now, or is none any more: whoever has
    that number was told, be it under another key.
    """
    keys = {*[assessment.reminder.key for assessment in assessments], *observed.messages}
    return frozenset(keys - told_others(observed))


def is_repeated(twin: Twin, text: str, send_at: datetime, due_at: datetime, siblings: Collection[str]) -> bool:
    """Say whether a message of another appointment says a text already, which would go out at `send_at` (UTC).

    It does where either both are due, or both go out, within `COLLAPSE_WITHIN`: the same words a day later are another
    reminder. `siblings` are the keys of the text's own appointment.
    """
    if twin.key in siblings or twin.text != text:
        return False
    return min(abs(twin.due_at - due_at), abs(twin.send_at - send_at)) < COLLAPSE_WITHIN


def skip_same_texts(assessments: Sequence[Assessment], observed: Observed, settings: Settings) -> None:
    """Skip new messages that another record of the same visit says already.

    What is skipped is decided again by each run, since the other message may have been withdrawn.
    """
    if not observed.twins:
        return
    siblings = siblings_of(assessments, observed)
    for assessment, placement, number in new_messages(assessments):
        twins = observed.twins.get((number, assessment.reminder.appointment.start_at), ())
        others = [twin for twin in twins if twin.key not in siblings and twin.key != assessment.reminder.key]
        said = next((twin for twin in others if _says(twin, assessment, placement, settings)), None)
        if said is not None and placement.send_at is not None:
            step = ("another record of the same visit says the same, at {}", said.send_at)
            assessment.placement = Placement(
                PlacementDecision.SKIP, _reason(said, assessment, observed), None, EACH_RUN, (*placement.steps, step)
            )


def _reason(twin: Twin, assessment: Assessment, observed: Observed) -> Reason:
    """Return why a reminder is not sent: a calendar's appointment under another id, or another record of the visit."""
    same = (
        observed.is_of_calendar and twin.source == observed.identity.source and twin.rule == assessment.reminder.rule.id
    )
    return Reason.TOLD_ELSEWHERE if same else Reason.SAME_TEXT


def _says(twin: Twin, assessment: Assessment, placement: Placement, settings: Settings) -> bool:
    """Say whether a message of another appointment says what this reminder would, at its time or at the other's."""
    reminder, send_at = assessment.reminder, placement.send_at
    if send_at is None:
        return False
    with suppress(ConfigurationError):  # its own decision reports that
        for moment in (send_at, twin.send_at):
            text = settings.composer.compose(reminder, moment, assessment.includes).text
            if is_repeated(twin, text, send_at, reminder.due_at or send_at, ()):
                return True
    return False


def leaves_its_visit(decision: Decision) -> bool:
    """Say whether a parked message will tell nobody any more of the visit that it told of: others may speak of it."""
    parked = decision.message
    moves = decision.adopt and parked is not None and parked.start_at != decision.start_at
    return moves or decision.kind in (ChangeKind.CANCEL, ChangeKind.REPLACE)


@define
class Planned:
    """What was decided to be parked, or taken back, in a plan or a batch: the ledger does not know of it yet.

    Of several that would say the same the one with the lowest identity says it, in whatever order they are decided.
    """

    #: What is to be parked, by the key of its reminder, and whose that is, by visit.
    _by_visit: dict[Visit, dict[str, tuple[Identity, Twin]]] = field(factory=dict)
    #: The parked messages that are taken back, or speak of another start from now on: reminder key and send time (UTC).
    _going: set[tuple[str, datetime]] = field(factory=set)
    #: The appointments that were decided before one that comes before them.
    _outdone: set[Identity] = field(factory=set)

    def before(self, observed: Observed) -> Observed:
        """Return an appointment with what is planned for its visit by others that come before it."""
        appointment = observed.appointment
        if appointment is None or not (self._by_visit or self._going):
            return observed
        visits = {(name, appointment.start_at) for one in appointment.recipients for name in one.addresses}
        if self._by_visit.keys().isdisjoint(visits) and not (self._going and observed.twins):
            return observed
        twins: dict[Visit, list[Twin]] = {}
        for visit in visits:
            recorded = observed.twins.get(visit, ())
            staying = [twin for twin in recorded if (twin.key, twin.send_at) not in self._going]
            planned = self._by_visit.get(visit, {}).values()
            self._outdone.update(identity for identity, _ in planned if identity > observed.identity)
            if found := [*staying, *(twin for identity, twin in planned if identity < observed.identity)]:
                twins[visit] = found
        return evolve(observed, twins=twins)

    @staticmethod
    def depends(decisions: Iterable[Decision]) -> bool:
        """Say whether decisions depend on what others say, and may be others once all of these are decided."""
        return any(decision.reason in SAID_BY_OTHERS for decision in decisions)

    @property
    def outdone(self) -> Collection[Identity]:
        """The appointments that were decided before one that comes before them, and may have to be silent for it."""
        return self._outdone

    def take_outdone(self) -> set[Identity]:
        """Return those that are outdone by now, as they are to be decided again."""
        found, self._outdone = self._outdone, set()
        return found

    def note(self, decisions: Iterable[Decision]) -> None:
        """Note what one appointment's decisions park, in the place of what was noted of it before."""
        for decision in decisions:
            draft, parked = decision.draft, decision.message
            if parked is not None and leaves_its_visit(decision):
                self._going.add((decision.key, parked.send_at))
                draft = parked.draft if decision.adopt else draft
            if decision.reminder is None:
                continue
            visit = decision.number, decision.start_at
            if draft is None and visit not in self._by_visit:
                continue
            planned = self._by_visit.pop(visit, {})
            planned.pop(decision.key, None)
            if draft is not None:
                due_at = decision.due_at or draft.send_at
                source = decision.identity.source
                twin = Twin(decision.key, draft.send_at, due_at, draft.text, decision.rule, source)
                planned[decision.key] = decision.identity, twin
            if planned:
                self._by_visit[visit] = planned
