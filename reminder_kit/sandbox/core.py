"""The sandbox itself: one door for every request, whichever provider it is meant for.

Never sends anything to a phone. Safe between threads: one request, or one step of the clock, at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from attrs import evolve

from reminder_kit.sandbox import admin, telnyx, telnyx_webhooks, twilio, vonage
from reminder_kit.sandbox.http_messages import Answer, Call, Logged, answer
from reminder_kit.sandbox.inbox import inbox_page
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

    Webhooks of messages without an address of their own, and of replies, go to `webhook_url` (None: they are only
    kept); `receiver` takes all of them, in this process.
    """

    dialects: ClassVar[Mapping[str, Dialect]] = {"telnyx": telnyx_webhooks, "twilio": twilio, "vonage": vonage}

    def handle(self, call: Call) -> Answer:
        """Answer one request; what has fallen due by now happens before."""
        if call.path.startswith("/_sandbox"):
            return admin.respond(self, call)
        if call.path == "/" and call.method in ("GET", "HEAD"):
            return inbox_page()
        with self._lock:
            self._fall_due()
            found, fault = self._limited(call)
            self._log(call, found, fault)
        self.hooks.flush()
        return evolve(found, headers={"date": f"{self.now():%a, %d %b %Y %H:%M:%S} GMT", **found.headers})

    def _limited(self, call: Call) -> tuple[Answer, str]:
        """Return the answer to a request, and the kind of fault that befell it ("limit": there were too many)."""
        if self.limit is None:
            return self.faults.answer(call, self._respond)
        refusal = self.limit.refusal()
        if refusal is not None:
            return refusal, "limit"
        found, fault = self.faults.answer(call, self._respond)
        return self.limit.with_headers(found), fault

    def _respond(self, call: Call) -> Answer:
        if call.path.startswith("/v2/") and call.path != "/v2/applications":
            return telnyx.respond(self, call, call.path[3:])
        if call.path.startswith("/2010-04-01/"):
            return twilio.respond(self, call)
        if call.path in {"/v1/messages", "/v2/applications"}:
            return vonage.respond(self, call)
        return answer(404, {"errors": [{"code": "10005", "title": "Resource not found", "detail": call.path}]})

    def _log(self, call: Call, found: Answer, fault: str) -> None:
        self.request_count += 1
        self.write_count += call.method != "GET"
        key = call.headers.get("idempotency-key", "")
        replayed = "idempotent-replayed" in found.headers
        self.requests.append(Logged(self.now(), call.method, call.path, found.status, key, call.body, fault, replayed))
