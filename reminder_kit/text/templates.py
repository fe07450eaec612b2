"""Templates: what the texts of rules speak of, and how they are rendered.

Pure: no clock, no I/O. Never reads what a template is given as a template itself, and never shows any of that in an
error.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from attrs import frozen

from reminder_kit.errors import ConfigurationError, InvalidInputError
from reminder_kit.model.appointments import Appointment, Recipient
from reminder_kit.model.instants import zone
from reminder_kit.text.filters import CONTEXT, filters
from reminder_kit.text.patterns import PatternError, fault_of_pattern
from reminder_kit.text.readable import is_known_name
from reminder_kit.text.time_phrases import city, when
from reminder_kit.text.views import AppointmentView, RecipientView, RuleView

if TYPE_CHECKING:
    from jinja2 import Template, nodes

    from reminder_kit.text.environment import TemplateEnvironment

__all__ = ["NAMES", "CompiledTemplate", "TemplateContext", "compiled", "fault_of"]

NAMES = ("appointment", "appointments", "data", "day", "recipient", "rule", "when")
"""The names that a template may use."""

_NAMED = re.compile(
    r"^(?:'(?:[^'\\]|\\.)*'|\"[^\"]*\")(?= of )|(?<= has no element ).*|(?<= has no attribute ).*", re.DOTALL
)
"""Where an error says which attribute or element was asked for."""


@frozen
class TemplateContext:
    """What one text is about, and who reads it when and where."""

    #: The appointment that the text is about.
    appointment: Appointment
    #: Its reader.
    recipient: Recipient
    #: The rule that the text belongs to.
    rule: Any
    #: When it arrives, UTC: "today" is the day of this instant in `zone`.
    send_at: datetime
    #: The reader's IANA zone.
    zone: str
    #: The locale of times, one that `known_locale` returns.
    locale: str
    #: The country whose phone numbers are written nationally; None: none is.
    region: str | None = None
    #: Further appointments that the text includes, each with whom it is for, and the IANA zone whose clock it goes by.
    included: tuple[tuple[Appointment, Recipient, str], ...] = ()
    #: The IANA zone by whose clock the appointment's times are said; "": the reader's.
    clock: str = ""
    #: Whether that zone is named, since the place's clock and the reader's differ.
    names_clock: bool = False

    @property
    def said_in(self) -> str:
        """The IANA zone by whose clock the appointment's times are said."""
        return self.clock or self.zone

    def when(self, *, day_only: bool = False) -> str:
        """Return in words when the appointment is, as it is true for its reader at `send_at`.

        `day_only` leaves out the time of day; so does an all-day appointment. Where it is another day already on the
        one of two clocks, the date is said: nobody could tell whose "tomorrow" is meant.
        """
        local, whole = zone(self.said_in), self.appointment.all_day
        moment = self.appointment.starts_at if whole else self.appointment.start_at.astimezone(local)
        today = self.send_at.astimezone(zone(self.zone)).date()
        dated = not whole and today != self.send_at.astimezone(local).date()
        said = when(moment, today, self.locale, all_day=day_only or whole, dated=dated)
        return f"{said} ({city(self.said_in, self.locale)})" if self.names_clock and not day_only else said

    def is_day(self, at: datetime) -> bool:
        """Say whether an instant stands for a day: the start or the end of an all-day appointment of the text."""
        return any(
            appointment.all_day and at in (appointment.starts_at, appointment.ends_at)
            for appointment in (self.appointment, *(included[0] for included in self.included))
        )

    def names(self, wanted: frozenset[str]) -> dict[str, Any]:
        """Return the values behind those of `NAMES` that are wanted."""
        values = {name: make(self) for name, make in _VALUES.items() if name in wanted}
        return {**values, CONTEXT: self}

    def appointments(self) -> list[AppointmentView]:
        """Return all appointments that the text includes, by their start; those of one start by title and name.

        Not by id, which some calendars deal anew each time they are read: the text would be another one.
        """
        included = sorted(
            ((self.appointment, self.recipient, self.said_in), *self.included),
            key=lambda item: (item[0].start_at, item[0].title, item[1].name, item[0].label),
        )
        return [AppointmentView(appointment, clock, recipient) for appointment, recipient, clock in included]


_VALUES: dict[str, Callable[[TemplateContext], Any]] = {
    "appointment": lambda context: AppointmentView(context.appointment, context.said_in, context.recipient),
    "appointments": TemplateContext.appointments,
    "data": lambda context: _VALUES["appointment"](context).data,
    "day": lambda context: context.when(day_only=True),
    "recipient": lambda context: RecipientView(context.recipient, context.said_in),
    "rule": lambda context: RuleView(context.rule),
    "when": TemplateContext.when,
}


class CompiledTemplate:
    """One template, compiled when it is first rendered.

    `static` says that its source is plain text, which is its own result.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.static = "{" not in source

    @cached_property
    def template(self) -> Template:
        """The compiled template. Raises `jinja2.TemplateError` where its source cannot be read."""
        return _environment().from_string(self.source)

    @cached_property
    def wanted(self) -> frozenset[str]:
        """The names that the template uses and does not define itself."""
        from jinja2 import meta

        return frozenset(meta.find_undeclared_variables(self.tree()))

    def tree(self) -> nodes.Template:
        """Return the template's syntax tree, parsed anew. Raises `jinja2.TemplateError` where it cannot be read."""
        return _environment().parse(self.source)

    def render(self, context: TemplateContext) -> str:
        """Return the text for a context. Raises `ConfigurationError`, naming appointment, rule and remedy."""
        if self.static:
            return self.source
        try:
            return _environment().rendered(self.template, context.names(self.wanted))
        except Exception as error:
            raise ConfigurationError(
                f"appointment {context.appointment.label!r}, rule {context.rule.id!r}: its text cannot be rendered: "
                f"{fault_of(error, self.source)}"
            ) from error


def fault_of(error: Exception, source: str) -> str:
    """Say what is wrong with a template, without any of the data it was given: what it quotes stands in its source."""
    from jinja2.exceptions import SecurityError, TemplateSyntaxError, UndefinedError

    if isinstance(error, TemplateSyntaxError):
        return f"line {error.lineno}: {error.message}; mend the template"
    if isinstance(error, PatternError) and isinstance(error.pattern, str) and error.pattern in source:
        return fault_of_pattern(error.name, error.pattern)
    if isinstance(error, InvalidInputError):
        return str(error)
    if not isinstance(error, UndefinedError | SecurityError):
        return f"{type(error).__name__} in the template; mend it or the data it reads"
    said = _NAMED.sub(lambda name: name[0] if _is_public(name[0].strip("'\""), source) else "'…'", str(error.message))
    if isinstance(error, SecurityError):
        return said
    return f"{said}; it may speak of {', '.join(NAMES)}: give the value or write {{{{ x | default('') }}}}"


def _is_public(name: str, source: str) -> bool:
    """Say whether a name is no data: it stands in the template's source, or is one that all values of a kind have.

    A template may make it up: `starts_at | attr("no" ~ "w")`.
    """
    return name in source or is_known_name(name)


@lru_cache(maxsize=1024)
def compiled(source: str) -> CompiledTemplate:
    """Return the template of a source; the same one each time, so that it is compiled once."""
    return CompiledTemplate(source)


@lru_cache(maxsize=1)
def _environment() -> TemplateEnvironment:
    from reminder_kit.text.environment import TemplateEnvironment, bounded

    environment = TemplateEnvironment(filters())
    environment.filters = bounded(TemplateEnvironment(filters()))
    return environment
