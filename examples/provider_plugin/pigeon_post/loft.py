"""A local Pigeon Post for tests: it keeps what the real one documents, with a clock of its own and faults on demand.

Never sends anything anywhere. The clock, the faults and the transport are reminder_kit's own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from attrs import define

from pigeon_post import signature
from reminder_kit.ports import from_iso, iso
from reminder_kit.sandbox import Answer, Call, Clock, Fault, Faults, answer

__all__ = ["Letter", "Loft"]

Receiver = Callable[[Mapping[str, str], bytes], object]


@define
class Letter:
    """One letter as the post holds it."""

    id: str
    to: str
    text: str
    send_at: datetime
    reference: str
    status: str = "waiting"


class Loft:
    """The post, in this process; `receiver` takes its webhooks."""

    def __init__(self, at: str, receiver: Receiver | None = None) -> None:
        self.clock = Clock(at)
        self.clock.when_moved(self._fly)
        self.faults = Faults()
        self.receiver = receiver
        self._letters: dict[str, Letter] = {}
        self._keys: dict[str, str] = {}
        self._away: set[str] = set()
        self._events = 0

    # What tests ask

    def now(self) -> datetime:
        """Return its time."""
        return self.clock()

    def parked(self) -> list[Letter]:
        """Return the letters that wait."""
        return [letter for letter in self._letters.values() if letter.status == "waiting"]

    def fault(self, kind: str, times: int | None = 1, **details: Any) -> None:
        """Have something go wrong."""
        self.faults.add(Fault(kind, times, **details))

    def inbound(self, number: str, text: str) -> None:
        """Have a person write back."""
        if text == "STOP":
            self._away.add(number)
        self._tell({"id": "reply", "status": "reply", "person": number, "words": text})

    # The door

    def handle(self, call: Call) -> Answer:
        """Answer one request, or spoil it."""
        return self.faults.answer(call, self._respond)[0]

    def _respond(self, call: Call) -> Answer:
        if call.path == "/lofts":
            return answer(200, {"lofts": []})
        if call.method == "POST":
            return self._take(call)
        letter = self._letters.get(call.path.rpartition("/")[2])
        if letter is None:
            return answer(404, {"code": "no_such_letter"})
        if call.method == "DELETE" and letter.status == "waiting":
            if letter.send_at - self.now() <= timedelta(minutes=2):
                return answer(409, {"code": "already_flying"})
            letter.status = "recalled"
        return answer(200, {"id": letter.id, "status": letter.status})

    def _take(self, call: Call) -> Answer:
        key, fields = call.headers["idempotency-key"], call.json()
        if known := self._keys.get(key):
            return answer(200, {"id": known, "status": self._letters[known].status, "replayed": True})
        leaves_at = from_iso(fields["leaves_at"])
        if len(fields["to"]) < 8:
            return answer(422, {"code": "no_such_loft"})
        if fields["to"] in self._away:
            return answer(422, {"code": "keep_away"})
        if not timedelta(minutes=10) <= leaves_at - self.now() <= timedelta(days=30):
            return answer(422, {"code": "not_then"})
        letter = Letter(f"L{len(self._letters)}", fields["to"], fields["words"], leaves_at, fields["reference"])
        self._letters[letter.id] = letter
        self._keys[key] = letter.id
        return answer(201, {"id": letter.id, "status": "waiting"})

    # What time does

    def _fly(self) -> None:
        for letter in self._letters.values():
            if letter.status == "waiting" and letter.send_at <= self.now():
                for status in ("flying", "landed"):
                    letter.status = status
                    told = {"id": letter.id, "status": status, "person": letter.to}
                    self._tell({**told, "reference": letter.reference})

    def _tell(self, fields: dict[str, Any]) -> None:
        self._events += 1
        body = json.dumps({"event": f"E{self._events}", "at": iso(self.now()), **fields}).encode()
        sealed_at = str(int(self.now().timestamp()))
        if self.receiver is not None:
            self.receiver({"pigeon-time": sealed_at, "pigeon-seal": signature("SEAL", sealed_at, body)}, body)
