"""The composer: the message for one reminder, as it is true at its send time.

Pure: no clock, no I/O. Never says "tomorrow" of what is today for its reader.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from reminder_kit.errors import ConfigurationError
from reminder_kit.model.appointments import Recipient
from reminder_kit.model.messages import Draft
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.placement import GRACE, spread_share
from reminder_kit.rules.reminders import Reminder
from reminder_kit.text.language_tags import best_fitting
from reminder_kit.text.sms import sms_parts, transliterated
from reminder_kit.text.templates import TemplateContext, compiled
from reminder_kit.text.time_phrases import known_locale

__all__ = ["Composer"]


class Composer:
    """Writes the messages of reminders.

    `defaults` name the locale of recipients who have none, and the region whose phone
    numbers are written nationally. Where they say `transliterate`, typographic quotes,
    dashes and spaces become plain ones, so that a stray ’ does not double the price.
    """

    def __init__(self, defaults: Defaults) -> None:
        self.defaults = defaults

    def compose(self, reminder: Reminder, send_at: datetime, others: Sequence[Reminder] = ()) -> Draft:
        """Return the message of a reminder, as it is true at `send_at` (UTC) for its reader, in words of their locale.

        `others` are further reminders, of the same rule and phone, that the message includes. Two records of one visit
        are said once: those of the same start, of which the rule says the same in whichever company.
        Raises `ConfigurationError`, naming appointment, rule and remedy, where there is no
        recipient, where the rule has no text for the locale, and where the template fails,
        says nothing, or says more than the rule's `max_parts`.
        """
        return self._composed(reminder, send_at, self._said_once(reminder, send_at, others) if others else ())

    def beside_itself(self, reminder: Reminder, send_at: datetime) -> Draft:
        """Return the message of a reminder as if another one of the same words were told with it; else as `compose`."""
        return self._composed(reminder, send_at, (reminder,))

    def _said_once(self, reminder: Reminder, send_at: datetime, others: Sequence[Reminder]) -> Sequence[Reminder]:
        """Return the further reminders of a message, without those that only repeat another one of it."""
        starts = Counter(one.appointment.start_at for one in (reminder, *others))
        if len(starts) > len(others):
            return others
        known, said = set[tuple[object, ...]](), list[Reminder]()
        for one in (reminder, *others):
            words = self._words(one, send_at) if starts[one.appointment.start_at] > 1 else (one.key,)
            if words not in known:
                said.append(one)
            known.add(words)
        return said[1:]

    def _words(self, reminder: Reminder, send_at: datetime) -> tuple[object, ...]:
        """Return all that may be said of a reminder, with its start; what can't be written is like no other."""
        try:
            texts = self._composed(reminder, send_at, ()).text, self.beside_itself(reminder, send_at).text
        except ConfigurationError:
            return (reminder.key,)
        return (reminder.appointment.start_at, *texts)

    def _composed(self, reminder: Reminder, send_at: datetime, others: Sequence[Reminder]) -> Draft:
        rule, recipient = reminder.rule, reminder.recipient
        if recipient is None:
            raise ConfigurationError(f"appointment {reminder.appointment.label!r} has no recipient to write to")
        source, locale = self._template_and_locale(reminder, send_at, joint=bool(others))
        context = self._context(reminder, recipient, send_at, locale, others)
        text = self._rendered(source, context)
        detour = reminder.detour
        subject_source = (detour.subject if detour else "") or rule.subject
        subject = self._rendered(subject_source, context) if subject_source else ""
        media_urls = tuple(compiled(url).render(context) for url in rule.media_urls) if rule.media_urls else ()
        self._refuse_unsendable(reminder, text, media_urls)
        return Draft(reminder.to, text, send_at, subject, media_urls, detour.by if detour else rule.channel)

    def _context(
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
            tuple(
                (reminder.appointment, reminder.recipient, reminder.clock)
                for reminder in others
                if reminder.recipient is not None
            ),
            reminder.clock,
            reminder.clocks_differ,
        )

    def _rendered(self, source: str, context: TemplateContext) -> str:
        text = compiled(source).render(context).strip()
        if self.defaults.transliterate:
            text = transliterated(text)
        return text if text.isascii() else _encodable(text)

    def _template_and_locale(self, reminder: Reminder, send_at: datetime, *, joint: bool) -> tuple[str, str]:
        """Return the template for the recipient's locale, and the locale in which its times are written.

        `joint`: the one for several appointments. Raises `ConfigurationError` where the rule has no text for the
        recipient's locale nor for the default one.
        """
        rule, due_at = reminder.rule, reminder.due_at
        is_late = bool(rule.late_text) and due_at is not None and send_at > due_at + spread_share(reminder) + GRACE
        texts = rule.together if joint else rule.late_text if is_late else rule.text
        wished = known_locale(reminder.locale, self.defaults.locale)
        if isinstance(texts, str):
            return texts, wished
        for tag in (reminder.locale, self.defaults.locale):
            found = best_fitting(texts, tag)
            if found is not None:
                same = wished.partition("_")[0] == known_locale(found).partition("_")[0]
                return texts[found], wished if same else known_locale(found)
        raise ConfigurationError(
            f"appointment {reminder.appointment.label!r}, rule {rule.id!r}: no text for locale {reminder.locale!r} nor "
            f"for the default {self.defaults.locale!r}: it has {', '.join(sorted(texts))}"
        )

    def _refuse_unsendable(self, reminder: Reminder, text: str, media_urls: tuple[str, ...]) -> None:
        rule, fault = reminder.rule, ""
        if not text and not media_urls:
            fault = "its text comes out empty: mend the template"
        elif reminder.detour is not None:  # a channel knows no parts
            pass
        elif rule.max_parts is not None and rule.channel == "sms" and (cost := sms_parts(text)).parts > rule.max_parts:
            fault = (
                f"its text takes {cost.parts} SMS parts ({cost.encoding}), and max_parts is {rule.max_parts}: "
                "shorten it or raise max_parts"
            )
        if fault:
            raise ConfigurationError(f"appointment {reminder.appointment.label!r}, rule {rule.id!r}: {fault}")


def _encodable(text: str) -> str:
    """Return a text with each half of a character, which nobody could send, as the replacement character."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
