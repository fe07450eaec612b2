"""Ports: what the kit asks of a provider and of the world. This is the one door of adapters.

Pure: no clock, no I/O. Never asks a provider to touch the world: a provider turns values into requests and answers into
values, and `IO` alone sends them.

Whoever writes a provider needs this package alone (the errors of providers are here, too), and makes a class with the
members of `Provider`; these docstrings are the specification, `reminder_kit.testing.ProviderContract` checks it. A
package names its class in the entry points `reminder_kit.providers`.

Whoever reaches people otherwise than by texts, as a last resort, writes a `Channel` (`channel`): one method, handed a
`Letter`. `reminder_kit.testing.ChannelContract` checks it.

In reading order: `exchange` (a request and its answer), `declared` (what a provider can do), `provider` (the port
itself, and those of what only some can do), `reading` and `verifying` (help with answers and webhooks), `world` (what
the kit asks of the machine).

In which order a provider is called
===================================

- *To park*: `headers` (a missing credential shows before anything is written), then `create`. The kit commits the
  request with its intent to the ledger, and only then sends it and calls `parse_created`. What that returns or raises
  is committed too.
- *Where certainly nothing was done* (`NotSentError`, `TransientError`): the same bytes are sent again, in this run or a
  later one, as long as the send time still fits the window.
- *Where the answer is lost* (`NoAnswerError`, `UnknownOutcomeError`): with `key_life`, the same bytes are sent again,
  in this run or a later one, as long as the key lives and the send time still fits the window. Without `key_life`
  nothing is repeated: `find` and `parse_found` look for the message where the provider is a `Finder`; what they don't
  find is `unknown`.
- *To withdraw*: the wish is committed, then `cancel` and `parse_cancelled`. A `TransientError` is tried again; all else
  but a plain `cancelled` is settled by `read` and `parse_read`, and so is, at once, one that a 2xx gave (`status`), and
  one that is left after the last try. Nothing is asked for within `window.cancel_cutoff` and its margin before the send
  time.
- *To settle*: `read` and `parse_read` ask what became of a message whose time is over. One that is older than
  `lookup_age`, or of which nothing is learned, is presumed to be sent. They also ask, at once, for a message whose
  `parse_created` said anything but `scheduled`, or named an `error`: that is a warning, which the report repeats.
- *Webhooks*: `events`, at any time, in any order, more than once for one event, also before `parse_created` has named
  the message. The webhook application calls it once with no headers and no body, to see whether it can verify at all.
- *After a restore* of the ledger from a backup, where the provider is a `Lister`: `messages_to` and `parse_messages`,
  for what another ledger has made of a reminder since; and `opt_outs`, before anybody is written to.
- *As the kit is made*: `account` where the provider is an `AccountHolder`, else `headers`: a digest of it is the
  account's name.
- *On request*: `ping` by the command `doctor`, then `inspect` where the provider is `Inspectable`; `opt_outs` and
  `parse_opt_outs`, page by page.

One object serves all threads and tasks of a process: it keeps nothing of a message.

What may be raised where
========================

- The constructor: `ConfigurationError` for arguments that can't be meant. It asks for no secret: a kit that only plans
  has none.
- `headers`: `ConfigurationError` where the credential is missing.
- `create`: `RejectedError`, or a class below it, for a draft that the provider would never take (a blank text, half a
  character).
- `read`, `cancel`: nothing; but a provider that cannot be asked raises `MessageNotFoundError`, and one that cannot take
  a message back `TooLateToCancelError`.
- Every `parse_*`: an error of the `ProviderError` branch, by what is to be done next:

      of the moment: certainly nothing was done, and the same request may succeed later
          `RateLimitedError`, `TransientError`
          `QueueFullError`              and no other message is taken either: reminders are held
          `MistimedError`               (`create`) its send time is too near or too far: it is placed anew
      of the account: certainly nothing was done, and nothing like it will be until a person mends that
          `AccountRefusedError`         (`create`) balance, limits, registration, profile, country, what is not enabled;
                                        with `channel="mms"` where it is about MMS only
          `SenderRefusedError`          (`create`) not from this sender, perhaps from another one
          `RefusedCredentialError`      the key itself is not accepted: nothing at all is asked for a while, of any verb
      of the message: it will never be taken as it is, and that is remembered
          `RejectedError`               (`create`) its text or media
          `InvalidNumberError`, `OptedOutError`     (`create`) its number
      `UnknownRefusalError`             (`create`) a code, or a 4xx, that the adapter does not know: certainly not done,
                                        tried again, and taken for the account's where other messages meet it too
      `UnknownOutcomeError`             (`create`) it may have been done: a 5xx, an unreadable 2xx
      `MessageNotFoundError`, `TooLateToCancelError`    (`read`, `cancel`)

  An adapter that can't tell raises `UnknownRefusalError`, never `RejectedError`: what is remembered as refused is not
  tried again. What is said of `create` is raised for no other verb: there, a refusal that is not the key's is a
  `MessageNotFoundError`, a `TooLateToCancelError` or, where nothing is learned, a `TransientError`.

- `events`: `SignatureError` for what is not verified, `PayloadError` for what is and yet can't be read,
  `ConfigurationError` where the key to verify with is missing.

Anything else is taken for a fault of the adapter, and fails that one message. No error text holds a full number, a
message text or a secret.

What the ledger stores and repeats byte for byte
================================================

Of the request that `create` returns: `path` and `body`; and beside it the idempotency key that `create` was given. Not
its headers. So a request that is sent again is a POST of the same body to the same path, with `content-type:
application/json`, with `idempotency-key` where the provider has a `key_life`, and with whatever `headers` returns by
then, which stands above both. Hence:

- `create` makes a POST, and the same arguments give the same bytes: no clock, no chance, no counter.
- Neither path nor body holds a credential.
- A body that is not JSON has its `content-type` named by `headers`; a key that travels otherwise stands in the body.
"""

from __future__ import annotations

from reminder_kit.errors import (
    AccountRefusedError,
    ConfigurationError,
    InvalidNumberError,
    MessageNotFoundError,
    MistimedError,
    OptedOutError,
    PayloadError,
    ProviderError,
    QueueFullError,
    RateLimitedError,
    RefusedCredentialError,
    RejectedError,
    SenderRefusedError,
    SignatureError,
    TooLateToCancelError,
    TransientError,
    UnknownOutcomeError,
    UnknownRefusalError,
)
from reminder_kit.model.instants import from_iso, iso
from reminder_kit.model.messages import DeliveryEvent, Draft
from reminder_kit.ports.channel import REACHES, Channel, Letter
from reminder_kit.ports.declared import PERMANENT, Capabilities, Failure
from reminder_kit.ports.exchange import NoAnswerError, NotSentError, Request, Response
from reminder_kit.ports.provider import (
    AccountHolder,
    AddressSigner,
    Finder,
    Inspectable,
    LetterWriter,
    Listed,
    Lister,
    OptOutLister,
    OptOuts,
    Paged,
    Provider,
    Question,
    Reading,
    Receipt,
    Remark,
)
from reminder_kit.ports.reading import json_object, refusal, text_of
from reminder_kit.ports.verifying import check_age, lowered, same_hmac
from reminder_kit.ports.world import IO
from reminder_kit.rules.window import Window

__all__ = [
    "IO",
    "PERMANENT",
    "REACHES",
    "AccountHolder",
    "AccountRefusedError",
    "AddressSigner",
    "Capabilities",
    "Channel",
    "ConfigurationError",
    "DeliveryEvent",
    "Draft",
    "Failure",
    "Finder",
    "Inspectable",
    "InvalidNumberError",
    "Letter",
    "LetterWriter",
    "Listed",
    "Lister",
    "MessageNotFoundError",
    "MistimedError",
    "NoAnswerError",
    "NotSentError",
    "OptOutLister",
    "OptOuts",
    "OptedOutError",
    "Paged",
    "PayloadError",
    "Provider",
    "ProviderError",
    "Question",
    "QueueFullError",
    "RateLimitedError",
    "Reading",
    "Receipt",
    "RefusedCredentialError",
    "RejectedError",
    "Remark",
    "Request",
    "Response",
    "SenderRefusedError",
    "SignatureError",
    "TooLateToCancelError",
    "TransientError",
    "UnknownOutcomeError",
    "UnknownRefusalError",
    "Window",
    "check_age",
    "from_iso",
    "iso",
    "json_object",
    "lowered",
    "refusal",
    "same_hmac",
    "text_of",
]
