"""Wordings: what the events of one source say, and whom to: whose numbers stand in texts is settled once all is read.

Never decides when something is. What each event says is looked at once, however many occurrences it describes.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from attrs import define, evolve, field

from reminder_kit.calendars.alarms import read_alarms
from reminder_kit.calendars.appointments import Wording, categories, wording
from reminder_kit.calendars.directory import Directory, read_directory
from reminder_kit.calendars.events import Event
from reminder_kit.calendars.occurrences import Occurrence
from reminder_kit.calendars.problems import Problems
from reminder_kit.calendars.recipients import Reached, people
from reminder_kit.calendars.series import Instance, Series, answers
from reminder_kit.calendars.settings import CalendarSettings
from reminder_kit.calendars.text_numbers import Desks, TextSearch
from reminder_kit.errors import ConfigurationError
from reminder_kit.model.appointments import Recipient
from reminder_kit.model.phones import phone_number

__all__ = ["Sayings", "Wordings", "silent"]


@define(eq=False)
class Wordings:
    """What the events of one source say."""

    settings: CalendarSettings
    #: What is wrong with the source, as it is found.
    found: Problems = field(repr=False)
    #: The people of the CSV file; empty: there is none.
    directory: Directory = field(repr=False)
    #: Which numbers in its texts are desks'.
    desks: Desks = field(repr=False)
    search: TextSearch = field(repr=False)
    #: Who gets the number of a text for want of one, by UID, file and line of the event.
    _borrowers: dict[tuple[str, str | None, int], str] = field(factory=dict, repr=False)

    @classmethod
    def begin(cls, settings: CalendarSettings, found: Problems) -> Wordings:
        """Return those of a source that is about to be read.

        Raises `ConfigurationError`, naming the key, as `read_directory` does.
        """
        allowed = {phone_number(number, settings.region) or number for number in settings.allow}
        return cls(
            settings,
            found,
            directory={} if settings.directory is None else _people_of(settings.directory),
            desks=Desks(allowed),
            search=TextSearch(settings.region, settings.limits.numbers, allowed),
        )

    def of(self, uid: str, event: Event, replies: dict[str, str]) -> Wording:
        """Return what all occurrences that one event describes have in common; `replies` are people's answers."""

        def warn(message: str, line: int) -> None:
            self.found.warn(message, uid, line)

        self.found.label = event.component.file
        is_off = event.is_cancellation or event.status == "CANCELLED"
        reached = people(
            event.component, uid, self.settings, self.directory, replies, silent if is_off else warn, self.search
        )
        if reached.guesses:
            names = [person.email or person.name for person in reached.invited if person.email or person.name]
            title = event.component.text("SUMMARY")
            named = "" if names or self.search.numbers_in([title])[0] else title
            self.desks.note([guess.phone for guess in reached.guesses], uid, names, named)
            if reached.borrower and not is_off:
                self._borrowers[uid, event.component.file, event.line] = reached.borrower
        alarms = read_alarms(event.component, event.zones, self.settings.limits, warn)
        tags = categories(event.component, self.settings.limits.categories, warn)
        return wording(event, reached, alarms, tags, tells_alarms=self.settings.alarms != "ignore")

    def numbers_of(self, uid: str, event: Event) -> frozenset[str]:
        """Return the numbers that an event is for, by which it is told from another one of its UID and start."""
        reached: Reached = people(event.component, uid, self.settings, self.directory, {}, silent, self.search)
        return frozenset(one.phone for one in (*reached.recipients, *reached.guesses[:1]))

    def settled(self, one: Occurrence, guesses: tuple[Recipient, ...]) -> Occurrence:
        """Return an occurrence whose numbers were found in its text with the first that is no desk's, if any is.

        To be asked once all of the source was read.
        """
        self.found.label = one.file
        chosen = next((guess for guess in guesses if not self.desks.has(guess.phone)), None)
        if chosen != guesses[0]:
            self.found.warn(
                "the number in its text stands in several people's appointments: it is a desk's and not reminded; name "
                "it in [calendar] own_numbers, or in allow if it is a person's",
                one.appointment.id,
                one.line,
            )
        if chosen is not None and self.desks.may_have(chosen.phone):
            self.found.warn(
                "the number in its text stands in appointments of several titles: name it in [calendar] own_numbers if "
                "it is a desk's, or in allow if it is a person's",
                one.appointment.id,
                one.line,
            )
        borrower = self._borrowers.get((one.appointment.id, one.file, one.line))
        if borrower is not None and chosen is not None:
            self.found.warn(
                f"{borrower} has no number of its own: the one in the text is used", one.appointment.id, one.line
            )
        recipients = () if chosen is None else (chosen,)
        return evolve(one, appointment=evolve(one.appointment, recipients=recipients))


@define(eq=False)
class Sayings:
    """What the events of one UID say of its occurrences; each is asked once for those that it describes alike."""

    wordings: Wordings
    uid: str
    series: Series
    #: What people answered, by original instant (UTC); None: to the whole.
    _replies: dict[datetime | None, dict[str, str]] = field(init=False, repr=False)
    _known: dict[tuple[int, datetime | None], Wording] = field(factory=dict, init=False, repr=False)

    @_replies.default
    def _answered(self) -> dict[datetime | None, dict[str, str]]:
        return answers(self.series)

    def of(self, instance: Instance) -> Wording:
        """Return what is said of an occurrence; a cancelled one that names nobody is for its master's people."""
        said, master = self._of(instance.event, instance), self.series.master
        if master is None or not self.names_nobody(instance):
            return said
        whole = self._of(master, instance)
        return evolve(said, recipients=whole.recipients, guesses=whole.guesses)

    def names_nobody(self, instance: Instance) -> bool:
        """Say whether an occurrence is cancelled by what says of nobody that it is for them."""
        if not instance.cancelled:
            return False
        said = self._of(instance.event, instance)
        return not said.recipients and not said.guesses

    def _of(self, event: Event, instance: Instance) -> Wording:
        at = instance.original.instant if instance.original else None
        key = at if at in self._replies else None
        if (id(event), key) not in self._known:
            replies = self._replies.get(None, {}) | self._replies.get(key, {})
            self._known[id(event), key] = self.wordings.of(self.uid, event, replies)
        return self._known[id(event), key]


def _people_of(path: Path) -> Directory:
    try:
        return read_directory(path)
    except ConfigurationError as error:
        said = str(error).removeprefix("the directory ")  # which reads like a folder
        raise ConfigurationError(f"[calendar] directory: {said}") from None


def silent(message: str, line: int) -> None:
    """Take a warning and drop it, such as that a person of a cancelled event has no number."""
    del message, line
