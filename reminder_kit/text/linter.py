"""The linter: what is wrong, or dearer than need be, with a rule's texts, found when rules load.

Pure: no clock, no I/O. Never looks at a real appointment: it renders texts for made-up people and times.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from html import unescape
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from reminder_kit.errors import ConfigurationError, InvalidRuleError
from reminder_kit.model.instants import zone
from reminder_kit.text.language_tags import best_fitting
from reminder_kit.text.samples import made_up
from reminder_kit.text.sms import costly_characters, sms_parts, transliterated
from reminder_kit.text.templates import TemplateContext, compiled, fault_of
from reminder_kit.text.time_phrases import is_known, known_locale

if TYPE_CHECKING:
    from reminder_kit.rules.defaults import Defaults
    from reminder_kit.rules.rule import Rule

__all__ = ["OPT_OUT_WORDS", "Finding", "lint", "linted", "opt_out_warnings", "warnings_of"]

OPT_OUT_WORDS = ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT")
"""Replies by which providers opt a number out (Telnyx documents these as opt-out keywords; Twilio knows two more)."""

_REPLY = re.compile(
    r"\b(?:reply|text|send|respond|answer|message|respond[ae]|envíe|envía|r[eé]pond(?:s|ez)|antworten?|rispondi"
    r"|antwoord|odpisz)\b(?P<asked>[^.!?\n]*)",
    re.IGNORECASE,
)
_WORD = re.compile(rf"\b(?:{'|'.join(OPT_OUT_WORDS)})\b", re.IGNORECASE)
_FILLING = re.compile(r"(?:\s+(?:us|back|with|the|word|sie|mit|con|avec|com|met))*\s*[\"'“‘«:]*\s*", re.IGNORECASE)
_EXPRESSION = re.compile(r"\{[{%#].*?[}%#]\}", re.DOTALL)
_MEANT = re.compile(
    r"[\"'”’»]*\s*(?:to|for|=|:)\s+(?:opt[- ]?out|unsubscribe"
    r"|(?:stop|end|no)\b[^.]*?\b(?:messages?|texts?|reminders?|sms)|stop\b(?!\s+by))",
    re.IGNORECASE,
)


_GLUED = re.compile(r"\bhttps?://[^\s()\[\]{}<>\"“”«»]*?(?:([.,;:!?])(?=\s|$)|([()\[\]{}<>\"“”«»]))", re.IGNORECASE)
"""A link, and what comes right behind it, though it is no part of it."""


@frozen
class Finding:
    """One thing to know about the texts of a rule."""

    #: "error": the text cannot be sent; "warning": it can.
    severity: str
    #: The id of the rule.
    rule: str
    #: What is wrong, where, and what would be right.
    message: str

    def __str__(self) -> str:
        return f"{self.severity}: rule {self.rule!r}: {self.message}"


def lint(rule: Rule, defaults: Defaults) -> list[Finding]:
    """Return what is wrong, or dearer than need be, with a rule's texts; errors first.

    `defaults` name the locale, zone and region with which the texts are tried.
    """
    found: list[Finding] = []
    for where, texts in _texts_of(rule):
        if isinstance(texts, Mapping):
            found += [*_missing_locale(rule, where, texts, defaults), *_unknown_locales(rule, where, texts)]
        for place, locale, source in _sources_of(where, texts):
            if not source.strip() and not rule.media_urls:
                found.append(Finding("error", rule.id, f"{place} is empty: write a text, or leave {locale} out"))
            found += _template_findings(rule, place, source, locale or defaults.locale, defaults)
    if not rule.text and not rule.media_urls:
        found.append(Finding("error", rule.id, 'it has no text: write text = "See you {{ when }}."'))
    if rule.if_holiday and not defaults.holidays and not defaults.closed_days:
        found.append(
            Finding("warning", rule.id, 'if_holiday means no day: write holidays = ["US"] or closed_days at the top')
        )
    for place, source in (("subject", rule.subject), *(("media_urls", url) for url in rule.media_urls)):
        found += [Finding("error", rule.id, f"{place}: {fault}") for fault in _faults(source)]
    return sorted(found, key=lambda finding: finding.severity)


def warnings_of(rule: Rule, defaults: Defaults, where: str = "") -> Iterator[str]:
    """Yield the warnings about a rule's texts, in words.

    Raises `InvalidRuleError` for an error, naming the place `where` the rule stands; "": there is none to name.
    """
    for finding in lint(rule, defaults):
        warning = f"rule {finding.rule!r}: {finding.message}"
        if finding.severity == "error":
            raise InvalidRuleError(f"{where}: {warning}" if where else warning)
        yield warning


_LINTED: dict[bytes, tuple[str, ...]] = {}
_MOST_LINTED = 50_000
"""How many rules are known to be sendable: of three for each of many thousand practices, some ten megabytes."""


def linted(rule: Rule, defaults: Defaults) -> tuple[str, ...]:
    """Return the warnings about a rule's texts, as `warnings_of`; what was linted before in this process is known.

    To try a text for every month and weekday takes some 4 ms, and a kit may be made for each request. Raises
    `InvalidRuleError`.
    """
    said = f"{rule.id} {rule.fingerprint} {evolve(defaults, namespace='')!r} {defaults.must_say!r}"
    key = blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    if (known := _LINTED.get(key)) is not None:
        return known
    found = tuple(warnings_of(rule, defaults))
    if len(_LINTED) >= _MOST_LINTED:
        _LINTED.clear()
    _LINTED[key] = found
    return found


def opt_out_warnings(rules: Iterable[Rule]) -> Iterator[str]:
    """Yield, in words, which texts of rules ask for a reply by which people opt out of all messages."""
    for rule in rules:
        for where, texts in _texts_of(rule):
            for place, _, source in _sources_of(where, texts):
                yield from (f"rule {rule.id!r}: {place}: {warning}" for warning in _opt_out_replies(source))


def _texts_of(rule: Rule) -> tuple[tuple[str, str | Mapping[str, str]], ...]:
    """Return the texts of a rule, each with the name of its key."""
    return ("text", rule.text), ("late_text", rule.late_text), ("together", rule.together)


def _sources_of(where: str, texts: str | Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield the place, the locale ("": none is named) and the source of each template of one key."""
    if isinstance(texts, Mapping):
        yield from ((f"{where}.{locale}", locale, source) for locale, source in texts.items())
    elif texts:
        yield where, "", texts


def _missing_locale(rule: Rule, where: str, texts: Mapping[str, str], defaults: Defaults) -> Iterator[Finding]:
    if best_fitting(texts, defaults.locale) is None:
        yield Finding(
            "error",
            rule.id,
            f"{where} has {', '.join(sorted(texts))} and nothing for the default locale {defaults.locale!r}, which "
            "everybody else gets: add it",
        )


def _unknown_locales(rule: Rule, where: str, texts: Mapping[str, str]) -> Iterator[Finding]:
    for name in texts:
        if not is_known(name):
            message = f'{where}.{name}: unknown locale: use a language tag such as "en", "es-MX" or "de"'
            yield Finding("warning", rule.id, message)


def _template_findings(rule: Rule, place: str, source: str, locale: str, defaults: Defaults) -> Iterator[Finding]:
    faults = list(_faults(source))
    yield from (Finding("warning", rule.id, f"{place}: {warning}") for warning in _opt_out_replies(source))
    if not faults:
        samples, fault = _samples(rule, source, locale, defaults, joint=place.partition(".")[0] == "together")
        faults = [fault] if fault else []
        yield from (
            Finding("warning", rule.id, f"{place}: {warning}")
            for warning in (
                *_cost_warnings(rule, source, samples, locale, defaults),
                *_entity_warnings(source),
                *_link_warnings(samples),
                *_unsaid_warnings(samples, defaults),
            )
        )
    yield from (Finding("error", rule.id, f"{place}: {fault}") for fault in faults)


def _faults(source: str) -> Iterator[str]:
    """Yield what keeps a template from being rendered, whatever the appointment."""
    template = compiled(source)
    if not template.static:
        from reminder_kit.text.faults import faults

        yield from faults(template)


def _opt_out_replies(source: str) -> Iterator[str]:
    """Yield a warning for each reply that a text asks for and that opts the person out.

    A word counts where it follows "reply" and its kin at once, or stands in capitals in the same sentence. To say that
    STOP ends the messages is no fault.
    """
    warned = set()
    for asking in _REPLY.finditer(_EXPRESSION.sub("…", source)):
        asked = asking["asked"]
        for found in _WORD.finditer(asked):
            word = found[0].upper()
            offered = found[0].isupper() or _FILLING.fullmatch(asked, 0, found.start())
            if offered and word not in warned and not _MEANT.match(asked, found.end()):
                warned.add(word)
                yield (
                    f'asks for the reply "{found[0]}", which opts the person out of all messages at the provider: '
                    'ask for another word, such as "C" or "NO"'
                )


def _cost_warnings(rule: Rule, source: str, samples: Sequence[str], locale: str, defaults: Defaults) -> Iterator[str]:
    if defaults.transliterate:
        samples, source = [transliterated(sample) for sample in samples], transliterated(source)
    costly = costly_characters("".join(samples))
    own = costly_characters(source)
    if own:
        verb = "is" if len(own) == 1 else "are"
        doubled = ", and each of those beyond the first 65,536 of Unicode, as emoji are, counts two"
        more = doubled if any(ord(character) > 0xFFFF for character in own) else ""
        yield f"{_quoted(own)} {verb} not in the GSM alphabet: a part then holds 70 characters instead of 160{more}"
    elif costly:
        yield (
            f"in {locale}, words such as dates bring {_quoted(costly)}, not in the GSM alphabet: a part then holds 70 "
            "characters instead of 160"
        )
    cost = max((sms_parts(sample) for sample in samples), key=lambda parts: (parts.parts, parts.units))
    if cost.parts > (rule.max_parts or 1) and rule.channel == "sms":
        yield f"takes {cost.parts} SMS parts ({cost.units} units of {cost.encoding}) for a realistic appointment"


_ENTITY = re.compile(r"&(?:[a-z][a-z0-9]{1,9}|#[0-9]{1,6}|#x[0-9a-f]{1,6});", re.IGNORECASE)
"""A character as HTML writes it."""


def _entity_warnings(source: str) -> Iterator[str]:
    """Yield a warning for what is written as in HTML, and would be sent, and paid for, as it stands."""
    for entity in sorted(set(_ENTITY.findall(_EXPRESSION.sub("", source)))):
        meant = unescape(entity)
        if meant != entity:
            yield f"{entity!r} is sent as these {len(entity)} characters, since a text is no HTML: write {meant!r}"


def _unsaid_warnings(samples: Sequence[str], defaults: Defaults) -> Iterator[str]:
    """Yield a warning for what every text is to say (`must_say`), and one of the samples does not."""
    for words in defaults.must_say:
        if any(words.casefold() not in sample.casefold() for sample in samples):
            yield f"does not say {words!r}, which must_say asks of every text"


def _link_warnings(samples: Sequence[str]) -> Iterator[str]:
    """Yield a warning for what stands next to a link as if it were a part of it."""
    for glued in sorted({found[1] or found[2] for sample in samples for found in _GLUED.finditer(sample)}):
        yield f"{glued!r} stands right behind a link, and many phones take it for a part of it: leave a space between"


def _quoted(characters: str) -> str:
    named = " ".join(f"{character!r}" for character in characters[:8])
    return f"{named}{' …' if len(characters) > 8 else ''}"


_FIRST = datetime(2027, 1, 4, 14, 30)  # noqa: DTZ001 - the zone comes later
_DAYS = (*((_FIRST + timedelta(days=31 * number), 2) for number in range(12)), (_FIRST, 1), (_FIRST, 0))
"""A day in each month, on every weekday, each with how many days ahead of it a text is read: in some languages only
some words cost more ("sábado", "août", "amanhã")."""


def _samples(rule: Rule, source: str, locale: str, defaults: Defaults, *, joint: bool) -> tuple[Sequence[str], str]:
    """Return a text as people would receive it over a year, and what is wrong with it whoever it is for; "": nothing.

    Where made-up data doesn't fit the template, it stands for its text itself. That it takes or makes more than it may
    is wrong whatever the data.
    """
    if compiled(source).static:
        return [source], ""
    from reminder_kit.text.bounds import BoundError

    try:
        contexts = [_sample_context(rule, locale, defaults, source, *day) for day in _DAYS]
        return [compiled(source).render(_with_another(context) if joint else context) for context in contexts], ""
    except ConfigurationError as error:
        cause = error.__cause__
        return [source], fault_of(cause, source) if isinstance(cause, BoundError) else ""


def _sample_context(
    rule: Rule, locale: str, defaults: Defaults, source: str, day: datetime, ahead: int
) -> TemplateContext:
    """Return the context of a text about a made-up appointment on that day, read so many days `ahead` of it."""
    place = zone(defaults.timezone or "UTC")
    appointment = made_up(day.replace(tzinfo=place), [source])
    send_at = (appointment.starts_at - timedelta(days=ahead)).astimezone(UTC)
    (who,) = appointment.recipients
    return TemplateContext(appointment, who, rule, send_at, place.key, known_locale(locale), defaults.region)


def _with_another(context: TemplateContext) -> TemplateContext:
    """Return the context with a second appointment of the same day, an hour later."""
    first, hour = context.appointment, timedelta(hours=1)
    second = evolve(first, id="A-10043", starts_at=first.starts_at + hour, ends_at=first.starts_at + 2 * hour)
    return evolve(context, included=((second, context.recipient, context.said_in),))
