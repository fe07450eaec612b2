"""Templates: Jinja2's sandbox, strict about undefined names, over what a template may see.

Pure: no clock, no I/O. A template can neither change nor call anything of ours, and what
it is given is never itself read as a template.
"""

from __future__ import annotations

from datetime import date, datetime, time
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from attrs import fields, frozen

from reminder_kit.errors import ConfigurationError
from reminder_kit.model.appointments import Appointment, Data, Recipient
from reminder_kit.model.instants import seconds, utc, zone
from reminder_kit.text.time_phrases import clock, day, weekday, when

if TYPE_CHECKING:
    from jinja2 import Template, nodes
    from jinja2.runtime import Context
    from jinja2.sandbox import SandboxedEnvironment

__all__ = [
    "APPOINTMENT_FIELDS",
    "MEMBER_FIELDS",
    "NAMES",
    "RECIPIENT_FIELDS",
    "RULE_FIELDS",
    "CompiledTemplate",
    "TemplateContext",
    "compiled",
]

NAMES = ("appointment", "appointments", "data", "day", "recipient", "rule", "when")
"""What a template may speak of."""

APPOINTMENT_FIELDS = tuple(attribute.name for attribute in fields(Appointment))
MEMBER_FIELDS = (*APPOINTMENT_FIELDS, "recipient")
RECIPIENT_FIELDS = (*(attribute.name for attribute in fields(Recipient)), "key")
RULE_FIELDS = ("channel", "id", "subject")

_SCENE = " scene"  # no template can spell it


class _AppointmentView:
    """An appointment as templates see it: its instants are pendulum datetimes in the reader's zone."""

    def __init__(self, appointment: Appointment, zone_name: str, recipient: Recipient) -> None:
        self._appointment = appointment
        self._zone_name = zone_name
        self.recipient = recipient

    def __getattr__(self, name: str) -> Any:
        if name not in APPOINTMENT_FIELDS:
            raise AttributeError(name)
        value = getattr(self._appointment, name)
        if name == "tags":
            return tuple(sorted(value))  # a set's own order differs between processes, and so would the text
        if not isinstance(value, datetime) or name == "revision":
            return value
        import pendulum

        if self._appointment.all_day:
            return pendulum.instance(value)
        return pendulum.from_timestamp(seconds(utc(value)), tz=self._zone_name)

    def __str__(self) -> str:
        return self._appointment.title


class _RuleView:
    def __init__(self, rule: Any) -> None:
        self.id = rule.id
        self.channel = rule.channel
        self.subject = rule.subject


_OPEN: dict[type, frozenset[str]] = {
    _AppointmentView: frozenset(MEMBER_FIELDS),
    _RuleView: frozenset(RULE_FIELDS),
    Recipient: frozenset(RECIPIENT_FIELDS),
}


@frozen
class TemplateContext:
    """What one text is about: who reads it when, where and in which locale (one from `known_locale`).

    `others` are further appointments told in it, with whom each is for.
    """

    appointment: Appointment
    recipient: Recipient
    rule: Any
    send_at: datetime
    zone: str
    locale: str
    region: str | None = None
    others: tuple[tuple[Appointment, Recipient], ...] = ()

    def when(self, *, day_only: bool = False) -> str:
        """Return when (or only on which day) the appointment is, as true for its reader when the text arrives."""
        local = zone(self.zone)
        starts_at = self.appointment.starts_at
        moment = starts_at if self.appointment.all_day else self.appointment.start_at.astimezone(local)
        today = self.send_at.astimezone(local).date()
        return when(moment, today, self.locale, all_day=day_only or self.appointment.all_day)

    def names(self) -> dict[str, Any]:
        """Return what the template may speak of; times in words are left to the script, which knows what is asked."""
        return {
            "appointment": _AppointmentView(self.appointment, self.zone, self.recipient),
            "recipient": self.recipient,
            "rule": _RuleView(self.rule),
            "data": self.appointment.data,
            _SCENE: self,
        }

    def appointments(self) -> list[_AppointmentView]:
        """Return all appointments told in the text, by their start."""
        told = sorted(
            ((self.appointment, self.recipient), *self.others), key=lambda item: (item[0].start_at, item[0].label)
        )
        return [_AppointmentView(appointment, self.zone, recipient) for appointment, recipient in told]


class CompiledTemplate:
    """One compiled template: renders, or raises `ConfigurationError` with what to mend."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.static = "{" not in source

    @cached_property
    def template(self) -> Template:
        """The compiled template. Raises `jinja2.TemplateError` where its source cannot be read."""
        return _environment().from_string(self.source)

    @cached_property
    def wanted(self) -> frozenset[str]:
        """The names it speaks of that it does not define itself."""
        from jinja2 import meta

        return frozenset(meta.find_undeclared_variables(self.tree()))

    def tree(self) -> nodes.Template:
        """Return the template's syntax tree, read anew."""
        return _environment().parse(self.source)

    def render(self, scene: TemplateContext) -> str:
        """Return the text for a scene. Raises `ConfigurationError` naming appointment, rule and remedy."""
        if self.static:
            return self.source
        try:
            names = scene.names()
            if "when" in self.wanted:
                names["when"] = scene.when()
            if "day" in self.wanted:
                names["day"] = scene.when(day_only=True)
            if "appointments" in self.wanted:
                names["appointments"] = scene.appointments()
            context = self.template.new_context(names, shared=True)  # there are no globals to add
            return "".join(self.template.root_render_func(context))
        except Exception as error:
            raise ConfigurationError(
                f"appointment {scene.appointment.label!r}, rule {scene.rule.id!r}: its text cannot be rendered: "
                f"{_fault(error)}"
            ) from error


def _fault(error: Exception) -> str:
    """Say what is wrong with a template, without any of the data it was given."""
    from jinja2.exceptions import SecurityError, TemplateSyntaxError, UndefinedError

    if isinstance(error, TemplateSyntaxError):
        return f"line {error.lineno}: {error.message}; mend the template"
    if isinstance(error, UndefinedError):
        message = str(error.message)
        for kind, word in ((Data, "data"), (_AppointmentView, "appointment"), (Recipient, "recipient")):
            message = message.replace(f"'{kind.__module__}.{kind.__qualname__} object'", word)
        return f"{message}; it may speak of {', '.join(NAMES)}: give the value or write {{{{ x | default('') }}}}"
    if isinstance(error, SecurityError):
        return f"{error}; a template only reads"
    return f"{type(error).__name__} in the template; mend it or the data it reads"


@lru_cache(maxsize=1024)
def compiled(source: str) -> CompiledTemplate:
    """Return the script of a template's source; compiled once."""
    return CompiledTemplate(source)


@lru_cache(maxsize=1)
def _environment() -> SandboxedEnvironment:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Environment(ImmutableSandboxedEnvironment):
        """Reads known fields directly, and prefers a mapping's own keys to its methods: `data.items` is the host's."""

        def getattr(self, obj: Any, attribute: str) -> Any:
            known = _OPEN.get(type(obj))
            if known is not None and attribute in known:
                return getattr(obj, attribute)
            if isinstance(obj, dict) and attribute in obj:
                return obj[attribute]
            return super().getattr(obj, attribute)

    environment = Environment(undefined=StrictUndefined, autoescape=False, finalize=_shown)
    environment.filters.update(_filters())
    environment.globals.clear()
    return environment


def _shown(value: object) -> object:
    return "" if value is None else value


def _filters() -> dict[str, Any]:
    from jinja2 import pass_context

    @pass_context
    def time_(context: Context, value: Any, pattern: str = "short") -> str:
        return "" if value is None else clock(_clock_of(value), context[_SCENE].locale, pattern)

    @pass_context
    def date_(context: Context, value: Any, pattern: str = "") -> str:
        return "" if value is None else day(_day_of(value), context[_SCENE].locale, pattern)

    @pass_context
    def weekday_(context: Context, value: Any) -> str:
        return "" if value is None else weekday(_day_of(value), context[_SCENE].locale)

    @pass_context
    def phone_(context: Context, value: Any) -> str:
        return "" if value is None else _phone(str(value), context[_SCENE].region)

    return {"time": time_, "date": date_, "weekday": weekday_, "phone": phone_, "link": _link}


def _clock_of(value: Any) -> time:
    if isinstance(value, time):
        return value.replace(tzinfo=None)
    return time(value.hour, value.minute, value.second)


def _day_of(value: Any) -> date:
    return date(value.year, value.month, value.day)


def _phone(number: str, region: str | None) -> str:
    """Return a phone number as people write it: nationally in the kit's own region, else internationally."""
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return number
    at_home = region is not None and phonenumbers.region_code_for_number(parsed) == region
    form = phonenumbers.PhoneNumberFormat
    return str(phonenumbers.format_number(parsed, form.NATIONAL if at_home else form.INTERNATIONAL))


def _link(value: Any) -> str:
    """Return an address as phones recognise it: with a scheme, and without blanks or letters beyond ASCII."""
    text = "" if value is None else str(value).strip()
    if not text:
        return ""
    if "://" not in text:
        text = f"https://{text}"
    return quote(text, safe="%/:=&?~#+!$,;'@()*[]")
