"""Templates: Jinja2's sandbox, strict about undefined names, over what a template may see.

Pure: no clock, no I/O. Never lets a template change or call anything of ours, and never reads what a template is
given as a template itself.
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
"""The names that a template may use."""

APPOINTMENT_FIELDS = tuple(attribute.name for attribute in fields(Appointment))
"""The fields of `appointment`."""

MEMBER_FIELDS = (*APPOINTMENT_FIELDS, "recipient")
"""The fields of each one of `appointments`."""

RECIPIENT_FIELDS = (*(attribute.name for attribute in fields(Recipient)), "key")
"""The fields of `recipient`."""

RULE_FIELDS = ("channel", "id", "subject")
"""The fields of `rule`."""

_CONTEXT = " context"  # the name under which filters find the context: no template can spell it


class _AppointmentView:
    """An appointment as templates see it: its instants are pendulum datetimes in the reader's zone.

    Those of an all-day appointment keep their own zone, so that the date stays the same.
    """

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


_READABLE: dict[type, frozenset[str]] = {
    _AppointmentView: frozenset(MEMBER_FIELDS),
    _RuleView: frozenset(RULE_FIELDS),
    Recipient: frozenset(RECIPIENT_FIELDS),
}


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
    #: Further appointments that the text includes, each with whom it is for.
    included: tuple[tuple[Appointment, Recipient], ...] = ()

    def when(self, *, day_only: bool = False) -> str:
        """Return in words when the appointment is, as it is true for its reader at `send_at`.

        `day_only` leaves out the time of day; so does an all-day appointment.
        """
        local = zone(self.zone)
        starts_at = self.appointment.starts_at
        moment = starts_at if self.appointment.all_day else self.appointment.start_at.astimezone(local)
        today = self.send_at.astimezone(local).date()
        return when(moment, today, self.locale, all_day=day_only or self.appointment.all_day)

    def names(self) -> dict[str, Any]:
        """Return the values behind `NAMES`, but for `when`, `day` and `appointments`.

        Those three cost more, so `CompiledTemplate.render` adds them where a template uses them.
        """
        return {
            "appointment": _AppointmentView(self.appointment, self.zone, self.recipient),
            "recipient": self.recipient,
            "rule": _RuleView(self.rule),
            "data": self.appointment.data,
            _CONTEXT: self,
        }

    def appointments(self) -> list[_AppointmentView]:
        """Return all appointments that the text includes, by their start."""
        included = sorted(
            ((self.appointment, self.recipient), *self.included), key=lambda item: (item[0].start_at, item[0].label)
        )
        return [_AppointmentView(appointment, self.zone, recipient) for appointment, recipient in included]


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
            names = context.names()
            if "when" in self.wanted:
                names["when"] = context.when()
            if "day" in self.wanted:
                names["day"] = context.when(day_only=True)
            if "appointments" in self.wanted:
                names["appointments"] = context.appointments()
            variables = self.template.new_context(names, shared=True)  # there are no globals to add
            return "".join(self.template.root_render_func(variables))
        except Exception as error:
            raise ConfigurationError(
                f"appointment {context.appointment.label!r}, rule {context.rule.id!r}: its text cannot be rendered: "
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
    """Return the template of a source; the same one each time, so that it is compiled once."""
    return CompiledTemplate(source)


@lru_cache(maxsize=1)
def _environment() -> SandboxedEnvironment:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Environment(ImmutableSandboxedEnvironment):
        """Reads known fields directly, and prefers a mapping's own keys to its methods: `data.items` is the host's."""

        def getattr(self, obj: Any, attribute: str) -> Any:
            known = _READABLE.get(type(obj))
            if known is not None and attribute in known:
                return getattr(obj, attribute)
            if isinstance(obj, dict) and attribute in obj:
                return obj[attribute]
            return super().getattr(obj, attribute)

    environment = Environment(undefined=StrictUndefined, autoescape=False, finalize=_empty_for_none)
    environment.filters.update(_filters())
    environment.globals.clear()
    return environment


def _empty_for_none(value: object) -> object:
    return "" if value is None else value


def _filters() -> dict[str, Any]:
    from jinja2 import pass_context

    @pass_context
    def time_(context: Context, value: Any, pattern: str = "short") -> str:
        return "" if value is None else clock(_clock_of(value), context[_CONTEXT].locale, pattern)

    @pass_context
    def date_(context: Context, value: Any, pattern: str = "") -> str:
        return "" if value is None else day(_day_of(value), context[_CONTEXT].locale, pattern)

    @pass_context
    def weekday_(context: Context, value: Any) -> str:
        return "" if value is None else weekday(_day_of(value), context[_CONTEXT].locale)

    @pass_context
    def phone_(context: Context, value: Any) -> str:
        return "" if value is None else _phone(str(value), context[_CONTEXT].region)

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
    """Return a URL as phones recognise it: with a scheme, and without blanks or letters beyond ASCII; None is ""."""
    text = "" if value is None else str(value).strip()
    if not text:
        return ""
    if "://" not in text:
        text = f"https://{text}"
    return quote(text, safe="%/:=&?~#+!$,;'@()*[]")
