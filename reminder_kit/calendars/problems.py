"""Problems: what is wrong with a source, gathered while it is read.

Pure: values only. Never decides what becomes of an event; never grows with what a hostile file repeats.
"""

from __future__ import annotations

from attrs import define, evolve, field

from reminder_kit.calendars.occurrences import Problem

__all__ = ["Problems"]

_WARNINGS = 2000
"""Different warnings of one source that anybody may read."""
_SINGLY = 3
"""Events for each of which the same warning is listed; further ones are counted."""


@define(eq=False)
class Problems:
    """The problems of one source, in the order in which they were found; the same of many events is counted."""

    #: Unreadable events after which reading ends.
    most: int
    #: The file that is read; None: the source consists of one only.
    label: str | None = None
    #: Why absence means nothing; "": it does mean something.
    unsound_because: str = ""
    #: Whether reading has ended before the source did.
    ended: bool = False
    _found: list[Problem] = field(factory=list, repr=False)
    #: Of each warning where in the list it is for the last time, and of how many events it is said.
    _warnings: dict[str, tuple[int, int]] = field(factory=dict, repr=False)
    _said: set[tuple[str, str | None, str]] = field(factory=set, repr=False)
    _failures: int = 0

    def listed(self) -> list[Problem]:
        """Return them all."""
        further = {place: count - _SINGLY for place, count in self._warnings.values() if count > _SINGLY}
        return [evolve(one, more=further.get(place, 0)) for place, one in enumerate(self._found)]

    def warn(self, message: str, uid: str | None = None, line: int | None = None, *, of: str = "") -> None:
        """Add a warning, once for each event; `uid` and `line` None: it is about no one event or line.

        `of` is what it is about that a message does not show, once for each of which it is added then.
        """
        said = (message, uid, of)
        if said in self._said or (message not in self._warnings and len(self._warnings) > _WARNINGS):
            return
        self._said.add(said)
        if message not in self._warnings and len(self._warnings) == _WARNINGS:
            message, uid, line = f"further warnings than these {_WARNINGS} are left out", None, None
        place, count = self._warnings.get(message, (0, 0))
        if count < _SINGLY:
            place = len(self._found)
            self._found.append(Problem(message, uid, line, "warning", self.label))
        self._warnings[message] = place, count + 1

    def add(self, message: str) -> None:
        """Add an error that is about no one event."""
        self._found.append(Problem(message))

    def fail(self, message: str, uid: str | None, line: int | None) -> bool:
        """Add an event that can't be read; return whether it was one too many, with which reading ends."""
        self._failures += 1
        if self._failures > self.most:
            self.end(f"more than {self.most} events cannot be read: the rest is passed over")
            return True
        self._found.append(Problem(message, uid, line, "error", self.label))
        if uid is None:
            self.distrust(f"the event at line {line} has no readable UID")
        return False

    def distrust(self, why: str) -> None:
        """Note why absence means nothing; the first reason counts."""
        self.unsound_because = self.unsound_because or why

    def end(self, why: str) -> None:
        """Read no further."""
        if not self.ended:
            self.ended = True
            self.add(why)
            self.unsound_because = why
