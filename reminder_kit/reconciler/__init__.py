"""Reconciler: a plan from the ledger, carried out under claims until what is parked is what should be.

May import `delivery`, `ledger`, `calendars`, `ports`, `planning` and the packages below; `kit` and `cli` import it. In
reading order:

    planner       what each verb asks for: input, `scope` (what absence means), guard; `calendar_import` reads calendars
                  (`called_off`: what they cancel in few words; `recorded_elsewhere`: what another source has already)
    plan_builder  one snapshot of the ledger in, a plan out; `looking` says at what it must look,
                  `absences` are those that did not come in, `snapshots` when all of a source came in last,
                  `takeovers` those that come in under another id (`restless`: calendars of which all do), or
                  as another occurrence of their series,
                  `polled_calendars` are read only where they changed,
                  `holding_back` is what waits for a probe, or for room
    shards        the batch job in parts, for the workers of a fleet
    deciding      each appointment of a plan, in the light of its `neighbours`: those that share a number with it,
                  which `sharing` finds; `recall` keeps what the snapshot answered
    executor      record, claim, `settling`, decide again, `carrying_out`, release
    claimed       the appointments that are worked on at once, each with its group; `work_item` is one of them,
                  `conclusions` what each end of a dispatch means for its reminder
    releasing     what came of it is written
    leases        the name of a worker, its heartbeat, whether it is dead
    reporting     what is reported; `batches` cuts long lists

A plan's decisions are never carried out as they are: under the claim the same functions decide again, at the current
clock, so that an old plan does no harm.

The unit of work is the group: an appointment with all that share a number with it in reach. It is claimed whole or not
at all, decided at once (`planning.group`), and decided again at once where one of it came to something else than was
decided. So nobody needs to be told afterwards, but for what the day's limit leaves unsent beyond the group: that is
decided again in the same run, or by the next one.

What keeps a text from going out twice (README, promise 3), in the order in which to look. `kit.explain(id)` has the
messages with their states, and the history; the log has a line for each exchange with the provider.

 1. Stored bytes and key. The request and its idempotency key are committed before it leaves; a repetition is the very
    same request. `Dispatcher.park` (intent, then request), `Posting.post` (repeats what is stored), both of `delivery`.
 2. Repeatable at all? Only while its time fits the window and, where it may have been carried out, the provider still
    knows the key. `planning.message_times.replayable`, asked by `Posting.post` and `Dispatcher._repeats`.
 3. Unknown outcome. A lost message is looked for (`Posting.look_for`, `delivery.lost_messages`); not found, one more
    text at most, once posts are answered again (`Exchange.answers_posts`), never a third; none with `prefer_missing`.
    `planning.assessment._assess_unparked`.
 4. Already sent. What the person has for this start, up to `rearm_after`, and this number is not sent again, whichever
    message or occurrence it was. `planning.assessment._already_sent`, `_last_sent_is_for`, `_is_for`.
 5. Together with another. A late reminder gives way to one nearer to the start: `rules.superseding.supersede`, by
    `planning.assessment._supersede`. One included in another's message has none: `planning.combining.mark_included`.
    Of two records of one visit, told in the same words, one message: `planning.repeats.skip_same_texts`.
 6. One at a time. A new message is parked only once the old one is taken back for certain: `CarryingOut._replace`; and
    not while an old one can't be settled: `CarryingOut._blocked`.
 7. Stale duplicates. A message thought lost that turns up beside a newer one is taken back:
    `planning.message_times.stale_duplicates`, `Settling.duplicates`.
 8. In the way. In the transaction of the intent: the appointment was not written since, the number is not suppressed,
    and no parked message for it includes the reminder, says the same of the same start, or lies too near. `park` and
    `_is_in_the_way` in the dispatcher.
 9. Claim and fence. One worker at a time for all of a group (`claimed.claim_groups`, `leases`); one that lost its
    claim can write nothing, so that no intent of its own is committed and no request leaves.
    `ledger.transaction.Transaction`: `claim`, `_prove`.
10. After a restore. Whatever another ledger may have made since the backup is asked for before a message is made, and
    is unknown where it can't be: `planning.doubts`, `delivery.gaps`; requests of that time are not repeated
    (`ledger.restorations`). `reconciler.restored` has what a run minds besides.
"""
