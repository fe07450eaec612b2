"""Delivery: one message at the provider, intent first.

Whatever is asked of a provider is committed to the ledger before the request leaves, and what came of it right after;
a process killed between any two steps leaves a message whose next step another process can tell. Nothing here decides
what is wanted: a dispatcher is handed a decision, or a message whose last step was left open. May import `ledger`,
`ports`, `planning` and the rooms below them.

In reading order:

- `dispatch`: what a dispatcher is handed (`ClaimedMessage`) and gives back (`DispatchResult`).
- `routes`: a provider of the kit with its settings, connections, circuit breaker and clock skew.
- `exchange`: one request and its answer, errors in our words, one line in the log.
- `intention`: a message that is to be posted, as the ledger is told before its request leaves.
- `journal`: what the ledger is told of a message, before each step and after it.
- `posting`: a message's stored bytes, posted until the provider answers.
- `dispatcher`: the steps: park, cancel, settle.
- `lost_messages`: look at the provider for a message whose answer was lost.
- `gaps`: look there for messages of which a ledger that was restored from a backup knows nothing.
- `dispatchers`: of two providers, the one a message belongs to.
- `retry`: when a request is repeated, and when a provider is left alone.
- `message_events`: what webhooks tell of a message, in the order in which it happened.

To know:

- A message is posted as stored bytes under a stored key. A repetition is the very same request, so that a provider
  that honours keys answers from memory instead of sending twice.
- An answer that never came is no refusal: the message is in doubt (`uncertain`) until the provider, a search or a
  webhook settles it, or it is called `unknown`, by name.
- No transaction is open while a provider is waited for.
"""
