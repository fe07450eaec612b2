"""Planning: what is wanted against what is recorded; decisions, changes and a plan come of it.

Pure: `now` is an argument, and what the ledger knows comes in as values. So the same functions make a dry run, a plan,
and, under a claim, what is really done. May import `text`, `rules`, `model` and `errors`. In reading order:

    settings       what decides besides the data: rules, defaults, quiet hours, what the provider allows
    observed       one appointment and all that is known of it
    message_times  what time allows with one message: to repeat it, to take it back, to forget it
    assessment     each wanted reminder by itself: what is parked for it, and where a new message would go
    cancellation   one message for whom a message told of an appointment that was then cancelled
    moves          when a start moved, for rules that are counted from that
    correction     one more reminder for whom a message named a start that is no longer true
    former_keys    what numbers were told of an appointment under another recipient's key
    fallback       one more reminder, through another sender, where the first message did not arrive
    unclear        a reminder held back for a reply that nobody has seen yet
    busy_days      a phone with dozens of appointments in a day is told of each by itself
    combining      appointments of one phone and day in one message
    spacing        messages to one number kept apart in time, or left unsaid
    repeats        of two records of one visit, told in the same words, one message
    day_limit      no more than so many messages to one number in a day of its own clock
    decision       what is to be done for one reminder; the plan's line and the ledger's line are derived from it
    decide         all of these in order: an `Observed` in, its decisions out
    group          several that share a number, decided together, each in the light of the others
    unchanged      the plan's lines of an appointment that stands as it was recorded
    revision       a decision to park, looked at again just before it is carried out
    changes        one line of a plan or report; `plan` and `report` are many, with a digest and a guard
    lagging        what the host wrote, and nobody followed in time
    attention      what waits for a person, as items with their remedies
    explanation    why a reminder is or is not sent; `preview` shows texts, `forecast` what they cost
    consent_view   who bars a number, and all that was said about writing to it

What to know:

- A parked message is sticky. It is kept, at the time it was parked for, while the due time, the start, the recipient's
  number, the sender, the data its text shows, and the rule are unchanged. Its text is composed anew for that recorded
  time and compared; `now` and the window never move it.
- Whoever decides for one of several appointments that share a number comes to the same result from the same snapshot.
  What can't be so, since it depends on an order or on what is about to be done, is decided for the group (`group`).
- An appointment for which nothing can be decided is one change with its error, and stops no other one.
"""

from __future__ import annotations

from reminder_kit.planning.changes import Change
from reminder_kit.planning.plan import Guard, Plan
from reminder_kit.planning.report import Report

__all__ = ["Change", "Guard", "Plan", "Report"]
