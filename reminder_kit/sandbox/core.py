"""The sandbox itself: one door for every request, whichever provider it is meant for.

Never sends anything to a phone. Safe between threads: one request, or one step of the clock, at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from attrs import evolve

from reminder_kit.errors import unforeseen
from reminder_kit.sandbox import admin, telnyx, telnyx_webhooks, twilio, vonage
from reminder_kit.sandbox.http_messages import Answer, Call, Logged
from reminder_kit.sandbox.inbox import inbox_page
from reminder_kit.sandbox.problems import problems_of
from reminder_kit.sandbox.state import Dialect, SandboxState

__all__ = ["Sandbox"]


class Sandbox(SandboxState):
    """A local Telnyx; it speaks Twilio (`/2010-04-01/…`) and Vonage (`/v1/messages`) too.

    `clock` is a `Clock`, or the aware datetime or ISO text at which one is stopped; None means the real time. `key` is
    the only API key taken; None means any. `cap` bounds the scheduled messages, `limit` the requests in a time; None
    means no limit. Webhooks of Twilio and Vonage are signed with `secret`, which is `key` where one is given.
    `provider` says which provider reports a reply of a person who was never written to.

    Where Telnyx' documents are silent or new: `idempotency=False` ignores Idempotency-Key, `strict` refuses unknown
    fields, and `repeat_cancel` (403, 404 or 200) is the status that answers a second cancellation. A send time that is
    past, or too near, is refused by Telnyx and by Twilio, as both document it; with `past_send_at="send"` such a
    message is taken and sent at once (`queued`). Raises `InvalidInputError` for another word than "refuse" and "send".
    `min_lead` is how far ahead Twilio takes a send time at the least, which is the account's (15 minutes, or 5);
    `settings` holds what else a test sets of an account.

    Webhooks of messages without an address of their own, and of replies, go to `webhook_url` (None: they are only
    kept); `receiver` takes all of them, in this process.
    """

    dialects: ClassVar[Mapping[str, Dialect]] = {"telnyx": telnyx_webhooks, "twilio": twilio, "vonage": vonage}

    def handle(self, call: Call) -> Answer:
        """Answer one request, whatever it is; what has fallen due by now happens before.

        A fault of the sandbox's own is a 500 of the provider's, and is counted (`crashes`).
        """
        if call.path.startswith("/_sandbox"):
            return admin.respond(self, call)
        if call.path == "/" and call.method in ("GET", "HEAD"):
            return inbox_page()
        with self._lock:
            try:
                self._fall_due()
                found, fault = self._limited(call)
            except Exception as error:  # noqa: BLE001 - whoever asked gets an answer
                self.crashes.append(f"{call.method} {call.path}: {unforeseen(error)}")
                found, fault = problems_of(call).of_fault("500"), "crash"
            self._log(call, found, fault)
        self.hooks.flush()
        return evolve(found, headers={"date": f"{self.now():%a, %d %b %Y %H:%M:%S} GMT", **found.headers})

    def _limited(self, call: Call) -> tuple[Answer, str]:
        """Return the answer to a request, and the kind of fault that befell it ("limit": there were too many)."""
        if self.limit is None:
            return self._spoilt(call)
        if self.limit.refuses():
            return self.limit.with_headers(problems_of(call).of_fault("429")), "limit"
        found, fault = self._spoilt(call)
        return self.limit.with_headers(found), fault

    def _spoilt(self, call: Call) -> tuple[Answer, str]:
        repeated = call.path.startswith("/v2/") and telnyx.repeats(self, call, call.path[3:])
        return self.faults.answer(call, self._respond, problems_of(call), repeated=repeated)

    def _respond(self, call: Call) -> Answer:
        if call.path.startswith("/v2/") and not call.path.startswith("/v2/applications"):
            return telnyx.respond(self, call, call.path[3:])
        if call.path.startswith(("/2010-04-01/", "/v1/Services/")):
            return twilio.respond(self, call)
        if call.path.startswith(("/v1/", "/v2/applications")):
            return vonage.respond(self, call)
        return problems_of(call).of_fault("unknown_path")

    def _log(self, call: Call, found: Answer, fault: str) -> None:
        self.request_count += 1
        self.write_count += call.method != "GET"
        key = call.headers.get("idempotency-key", "")
        replayed = "idempotent-replayed" in found.headers
        self.requests.append(Logged(self.now(), call.method, call.path, found.status, key, call.body, fault, replayed))
