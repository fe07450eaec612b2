"""Text: the message for one reminder at its real send time; what it costs; what is wrong with its template.

Pure: no clock, no I/O. Never says "tomorrow" of what is today for its reader.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from reminder_kit.errors import ConfigurationError
from reminder_kit.model.appointments import Recipient
from reminder_kit.model.messages import Draft
from reminder_kit.rules.placement import GRACE
from reminder_kit.rules.reminders import Defaults, Reminder
from reminder_kit.text.linter import OPT_OUT_WORDS, Finding, lint
from reminder_kit.text.sms import Cost, Parts, costly_characters, forecast, sms_parts, transliterated
from reminder_kit.text.templates import NAMES, TemplateContext, compiled
from reminder_kit.text.time_phrases import known_locale

__all__ = [
    "NAMES",
    "OPT_OUT_WORDS",
    "Composer",
    "Cost",
    "Finding",
    "Parts",
    "costly_characters",
    "forecast",
    "lint",
    "sms_parts",
    "transliterated",
]


class Composer:
    """Writes messages.

    `defaults` give the locale of who has none, and the region whose phone numbers are
    written nationally. Where they say `transliterate`, typographic quotes, dashes and
    spaces become plain ones, so that a stray ’ does not double the price.
    """

    def __init__(self, defaults: Defaults) -> None:
        self.defaults = defaults

    def compose(self, reminder: Reminder, send_at: datetime, others: Sequence[Reminder] = ()) -> Draft:
        """Return the message as true at `send_at` (UTC) in its reader's zone and locale.

        `others` are reminders of the same rule and phone that it tells as well.
        Raises `ConfigurationError`, naming appointment, rule and remedy, where the
        template fails, says nothing, or says more than the rule's `max_parts`.
        """
        rule, recipient = reminder.rule, reminder.recipient
        if recipient is None:
            raise ConfigurationError(f"appointment {reminder.appointment.label!r} has no recipient to write to")
        source, locale = self._source(reminder, send_at, joint=bool(others))
        scene = self._scene(reminder, recipient, send_at, locale, others)
        text = self._written(source, scene)
        subject = self._written(rule.subject, scene) if rule.subject else ""
        media_urls = tuple(compiled(url).render(scene) for url in rule.media_urls) if rule.media_urls else ()
        self._check(reminder, text, media_urls)
        return Draft(recipient.phone, text, send_at, subject, media_urls, rule.channel)

    def _scene(
        self, reminder: Reminder, recipient: Recipient, send_at: datetime, locale: str, others: Sequence[Reminder]
    ) -> TemplateContext:
        return TemplateContext(
            reminder.appointment,
            recipient,
            reminder.rule,
            send_at,
            reminder.zone,
            locale,
            self.defaults.region,
            tuple((reminder.appointment, reminder.recipient) for reminder in others if reminder.recipient is not None),
        )

    def _written(self, source: str, scene: TemplateContext) -> str:
        text = compiled(source).render(scene).strip()
        if self.defaults.transliterate:
            text = transliterated(text)
        return text if text.isascii() else _encodable(text)

    def _source(self, reminder: Reminder, send_at: datetime, *, joint: bool) -> tuple[str, str]:
        """Return the template for this reader, and the locale in which its times are said."""
        rule, due_at = reminder.rule, reminder.due_at
        is_late = bool(rule.late_text) and due_at is not None and send_at > due_at + GRACE
        texts = rule.together if joint else rule.late_text if is_late else rule.text
        wished = known_locale(reminder.locale, self.defaults.locale)
        if isinstance(texts, str):
            return texts, wished
        for tag in (reminder.locale, self.defaults.locale):
            found = _nearest(texts, tag)
            if found is not None:
                same = wished.partition("_")[0] == known_locale(found).partition("_")[0]
                return texts[found], wished if same else known_locale(found)
        raise ConfigurationError(
            f"appointment {reminder.appointment.label!r}, rule {rule.id!r}: no text for locale {reminder.locale!r} nor "
            f"for the default {self.defaults.locale!r}: it has {', '.join(sorted(texts))}"
        )

    def _check(self, reminder: Reminder, text: str, media_urls: tuple[str, ...]) -> None:
        rule, fault = reminder.rule, ""
        if not text and not media_urls:
            fault = "its text comes out empty: mend the template"
        elif rule.max_parts is not None and rule.channel == "sms" and (cost := sms_parts(text)).parts > rule.max_parts:
            fault = (
                f"its text takes {cost.parts} SMS parts ({cost.encoding}), and max_parts is {rule.max_parts}: "
                "shorten it or raise max_parts"
            )
        if fault:
            raise ConfigurationError(f"appointment {reminder.appointment.label!r}, rule {rule.id!r}: {fault}")


def _nearest(texts: Mapping[str, str], tag: str) -> str | None:
    """Return the key whose language, and country if there is one, fits a language tag."""
    if tag in texts:
        return tag
    wanted = tag.replace("-", "_").casefold()
    names = {name.replace("-", "_").casefold(): name for name in texts}
    language = wanted.partition("_")[0]
    alike = (name for name in sorted(names) if name.partition("_")[0] == language)
    found = wanted if wanted in names else language if language in names else next(alike, None)
    return None if found is None else names[found]


def _encodable(text: str) -> str:
    """Return the text with halves of characters, which nobody could send, as the replacement character."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
