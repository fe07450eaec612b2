"""Every reason code in plain words, and what to do about it: for people who look, and for the guide.

Pure: values only. Never decides anything.
"""

from __future__ import annotations

from typing import NamedTuple

from reminder_kit.model.reasons import Reason

__all__ = ["REASON_WORDS", "ReasonWords", "reason_words"]

_NOTHING = "Nothing."


class ReasonWords(NamedTuple):
    """What a reason code means."""

    #: In a few words that stand behind a reminder's name.
    short: str
    #: What to do about it.
    remedy: str


REASON_WORDS: dict[Reason, ReasonWords] = {
    Reason.ON_TIME: ReasonWords("at its due time", _NOTHING),
    Reason.SHIFTED_QUIET_HOURS: ReasonWords("beside the quiet hours that cover its due time", _NOTHING),
    Reason.CLAMPED_LATE: ReasonWords("as soon as possible, since its due time is too near or over", _NOTHING),
    Reason.CLAMPED_FAR: ReasonWords(
        "as late as the provider takes it, since its due time is further off (`if_far`)", _NOTHING
    ),
    Reason.UNCHANGED: ReasonWords("as it should be", _NOTHING),
    Reason.BEYOND_WINDOW: ReasonWords(
        "waits until the provider takes messages for its time", "Nothing, as long as the batch job runs."
    ),
    Reason.AT_CAPACITY: ReasonWords(
        "waits until the provider, which keeps only so many messages, has room",
        "Nothing: the soonest go first. Where it lasts, ask the provider for more.",
    ),
    Reason.WAITING_ACCOUNT: ReasonWords(
        "waits until somebody mends the provider's account",
        "See `attention`: it names what is wrong; then `retry --reason waiting_account`.",
    ),
    Reason.WAITING_PROVIDER: ReasonWords(
        "waits until the provider answers again", "Nothing at first; see `attention` if it stays."
    ),
    Reason.UNCLEAR_REPLY: ReasonWords(
        "waits until somebody has read a reply that may ask for no more messages",
        "Read it (`attention`), then `attention --seen ITEM`, or `suppress PHONE`.",
    ),
    Reason.FOREIGN_LEDGER: ReasonWords(
        "waits, since the ledger is not where it last worked and may be a copy",
        "`ledger adopt` if it was moved; a copy needs a key and `only_to` of its own first.",
    ),
    Reason.RESTORED_LEDGER: ReasonWords(
        "waits until its appointment comes in again, since the ledger was restored",
        "Hand all appointments in; `retry ID` for one that is as it is recorded.",
    ),
    Reason.OTHER_RULES: ReasonWords(
        "kept as another set of rules parked it", "Give every worker the same rules, or a `namespace` of their own."
    ),
    Reason.TOO_LATE: ReasonWords(
        "too late: it could not be sent, or changed, in time",
        "Nothing. `if_late` and `min_notice` of the rule say how late is too late.",
    ),
    Reason.TOO_FAR: ReasonWords("too far ahead for the provider", 'Write `if_far = "hold"` to wait instead.'),
    Reason.SUPERSEDED: ReasonWords("another message of the same day says it", _NOTHING),
    Reason.PAST: ReasonWords("its time is over", _NOTHING),
    Reason.QUIET_HOURS: ReasonWords("quiet hours leave no time for it", "Shorten them, or have the rule due earlier."),
    Reason.CONDITION: ReasonWords("the rule is not for this appointment (`only`, `unless`, `when`)", _NOTHING),
    Reason.CANCELLED: ReasonWords("the appointment is cancelled, or nobody came", _NOTHING),
    Reason.REMOVED: ReasonWords("the appointment, its rule or its recipient is gone", _NOTHING),
    Reason.SUPPRESSED: ReasonWords(
        "the number is barred", "`explain` says by whom. `allow PHONE` if that person wants messages again."
    ),
    Reason.OPTED_OUT: ReasonWords(
        "the person wants no messages",
        "Nothing. The person may text START; a recipient's `opted_in` says what your records have.",
    ),
    Reason.INVALID_NUMBER: ReasonWords(
        "no message can reach the number",
        "Correct the phone number; one without its country code (+1 …) needs `default_region`.",
    ),
    Reason.NO_RECIPIENT: ReasonWords("there is nobody to write to", "Add a phone number to the appointment."),
    Reason.BY_CHANNEL: ReasonWords("no number is known, and the `fallback` takes it (an e-mail, a call)", _NOTHING),
    Reason.OUTSIDE_ONLY_TO: ReasonWords(
        "the number is none of those that may be written to here (`only_to`)", "Nothing on a staging system."
    ),
    Reason.DUPLICATE_NUMBER: ReasonWords("another recipient of the appointment has the same number", _NOTHING),
    Reason.TOLD_ELSEWHERE: ReasonWords("the same appointment tells it already, under another id", _NOTHING),
    Reason.SAME_TEXT: ReasonWords("another record of the same visit tells it in the same words", _NOTHING),
    Reason.DAY_LIMIT: ReasonWords(
        "the number gets as many messages that day as it may (`max_per_day`)",
        "Nothing; or raise `max_per_day`, or tell several appointments in one message (`together`).",
    ),
    Reason.ALREADY_SENT: ReasonWords("the person has it", _NOTHING),
    Reason.NOT_CONFIRMED: ReasonWords(
        "an earlier message of it may have gone out, and is not doubled",
        "Ask the person; `retry ID` sends one more, which may be a second one.",
    ),
    Reason.QUARANTINED: ReasonWords(
        "refused for good as it is, or its appointment can't be read",
        "See `attention`: change the text, the number or the media.",
    ),
    Reason.STALE_REVISION: ReasonWords("something newer is recorded", _NOTHING),
    Reason.TEMPLATE_ERROR: ReasonWords(
        "its text can't be written", "Correct the rule's text, or the data it speaks of; `rules check` shows it."
    ),
}
"""The words of every reason there is."""


def reason_words(reason: str) -> ReasonWords:
    """Return the words of a recorded reason; one that a later library wrote is shown as it is."""
    try:
        return REASON_WORDS[Reason(reason)]
    except ValueError:
        return ReasonWords(reason.replace("_", " "), "")
