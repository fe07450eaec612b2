"""Webhooks: what comes back from a provider, from the raw bytes to the ledger.

Never calls the provider while a webhook is being answered, and never reads one before its signature was verified. May
import `delivery`, `providers`, `ledger`, `ports` and the rooms below them; it knows nothing of the reconciler, which
carries out what follows (withdrawing after a STOP) in a run of its own. In reading order:

- `normalising`: an adapter's events as the ledger keeps them.
- `verification`: which of the kit's providers a webhook is from, and whether it is genuine.
- `answering`: which message a reply answers.
- `inbox`: delivery events and replies, stored and acted upon in one transaction.
- `opt_out_lists`: the provider's own list of opt-outs, read and suppressed from time to time, for webhooks that were
  missed.

To know:

- Providers repeat webhooks and mix up their order: an event is stored once, by its id, and a message never leaves a
  final state.
- An event may come before its message is known by the provider's id. It waits in the ledger, and is followed when the
  message is.
- A reply answers the last message that had gone out by then. Where that can't be said yet (the answer about a message
  is still out), a keyword waits in the ledger: each webhook about a message, and each run, matches it again.
- What is signed and holds something odd is taken all the same, made plain: it may be a STOP. Only what is no event at
  all is refused, and a STOP without a number that can be read is told as an anomaly.
- A STOP is obeyed in the transaction that stores it: from then on the number is suppressed, and every appointment for
  it is dirty, so that the next run withdraws what is parked.
"""
