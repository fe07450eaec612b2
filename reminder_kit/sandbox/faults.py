"""Faults on demand: what goes wrong, how often, and for which requests.

Pure: a fault changes an answer. Never fails by chance: the same script fails the same way.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Any

from attrs import Factory, define, evolve, frozen

from reminder_kit.errors import InvalidInputError
from reminder_kit.sandbox.http_messages import Answer, Call
from reminder_kit.sandbox.problems import TELNYX, Problems

__all__ = ["KINDS", "Fault", "Faults"]

KINDS = {
    "drop_before": "close the connection without doing anything",
    "drop_after": "do it, then close the connection without an answer",
    "cut": "do it, then close the connection in the middle of the answer",
    "500": "answer 500 without doing anything",
    "500_after": "do it, then answer 500",
    "503": "answer 503 without doing anything",
    "429": "answer 429 without doing anything; `retry_after` in seconds",
    "slow": "do it, and answer after `delay` seconds",
    "slow_before": "wait `delay` seconds, close the connection, do nothing",
    "error": "answer with an error of `code`, in the provider's own form, without doing anything",
    "in_progress": "answer that the same idempotency key is still being worked on",
    "garbage": "do it, and answer 200 with something unreadable",
    "no_id": "do it, and answer 200 without an id",
    "word": "do it, and answer with `word` for a status nobody knows",
    "unauthorized": "answer 401 without doing anything",
}
"""Every kind of fault, and what the sandbox does then ("do it": what the request asks for)."""


@frozen
class Fault:
    """One thing that goes wrong, and the requests that it befalls.

    Raises `InvalidInputError` for a kind there is not.
    """

    #: One of `KINDS`.
    kind: str
    #: How many matching requests it befalls; None: all.
    times: int | None = 1
    #: The method, the path (with `*` and `?`) and a part of the body that a request must have to match; None: any.
    method: str | None = None
    path: str | None = None
    containing: str | None = None
    #: How many matching requests pass before it begins.
    skip: int = 0
    #: Seconds, for `slow` and `slow_before`.
    delay: float = 1.0
    #: Seconds, for `429` and `503`; None: no `Retry-After`.
    retry_after: float | None = None
    #: The provider's code, for `error`; "": that of a malformed request. Its HTTP status; None: the code's own. Its
    #: title; "": that it was asked for.
    code: str = ""
    status: int | None = None
    title: str = ""
    #: The status that nobody knows, for `word`.
    word: str = "pondering"
    #: Whether it spares what is answered from memory, since the same request was carried out before (Telnyx).
    of_new: bool = False

    def __attrs_post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InvalidInputError(f"unknown fault {self.kind!r}: use one of {', '.join(KINDS)}")

    def befalls(self, call: Call) -> bool:
        """Say whether a request matches."""
        return (
            (self.method is None or self.method.upper() == call.method)
            and (self.path is None or fnmatchcase(call.path, self.path))
            and (self.containing is None or self.containing.encode() in call.body)
        )


def _changed(found: Answer, change: Callable[[dict[str, Any]], None]) -> Answer:
    """Return an answer in JSON in which every object was changed; any other answer as it is."""
    try:
        value = json.loads(found.body)
    except ValueError:
        return found
    level = [value]
    while level:
        for item in level:
            if isinstance(item, dict):
                change(item)
        level = [inner for item in level for inner in _inside(item)]
    return evolve(found, body=json.dumps(value).encode())


def _inside(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _reworded(word: str) -> Callable[[dict[str, Any]], None]:
    def change(item: dict[str, Any]) -> None:
        if isinstance(item.get("status"), str):
            item["status"] = word

    return change


def _without_id(item: dict[str, Any]) -> None:
    for name in ("id", "sid", "message_uuid"):
        item.pop(name, None)


def _instead(fault: Fault, problems: Problems) -> Answer | None:
    """Return the answer of a fault that does nothing; None means that the request is to be carried out."""
    if fault.kind in {"drop_before", "slow_before"}:
        return Answer(0, drop=True, delay=fault.delay if fault.kind == "slow_before" else 0.0)
    if fault.kind == "error":
        return problems.of_code(fault.code, fault.status, fault.title)
    if fault.kind in {"500", "in_progress", "unauthorized"}:
        return problems.of_fault(fault.kind)
    if fault.kind in {"429", "503"}:
        wait = {} if fault.retry_after is None else {"retry_after": f"{fault.retry_after:g}"}
        return problems.of_fault(fault.kind, **wait)
    return None


def _afterwards(fault: Fault, found: Answer, problems: Problems) -> Answer:
    """Return what a fault makes of the answer to a request that was carried out."""
    if fault.kind == "drop_after":
        return Answer(0, drop=True)
    if fault.kind == "cut":
        return evolve(found, cut=True)
    if fault.kind == "500_after":
        return problems.of_fault("500")
    if fault.kind == "slow":
        return evolve(found, delay=fault.delay)
    if not 200 <= found.status < 300:
        return found
    if fault.kind == "garbage":
        return evolve(found, body=b"<html>OK</html>")
    return _changed(found, _without_id if fault.kind == "no_id" else _reworded(fault.word))


@define
class Faults:
    """The faults still to come."""

    #: In the order in which they were asked for: the first that matches a request befalls it.
    waiting: list[Fault] = Factory(list)

    def add(self, fault: Fault) -> None:
        """Have a fault befall requests from now on."""
        self.waiting.append(fault)

    def clear(self) -> None:
        """Forget every fault."""
        self.waiting.clear()

    def next_for(self, call: Call, *, repeated: bool = False) -> Fault | None:
        """Return the fault that befalls a request, counted; None means that none does.

        `repeated` says that it is one that is answered from memory.
        """
        for place, fault in enumerate(self.waiting):
            if not fault.befalls(call) or (repeated and fault.of_new):
                continue
            if fault.skip:
                self.waiting[place] = evolve(fault, skip=fault.skip - 1)
                continue
            if fault.times is not None:
                self._count(place, fault, fault.times)
            return fault
        return None

    def _count(self, place: int, fault: Fault, times: int) -> None:
        if times > 1:
            self.waiting[place] = evolve(fault, times=times - 1)
        else:
            del self.waiting[place]

    def answer(
        self, call: Call, do: Callable[[Call], Answer], problems: Problems = TELNYX, *, repeated: bool = False
    ) -> tuple[Answer, str]:
        """Return the answer to a request, spoilt where a fault befalls it, and the fault's kind.

        `problems` is how the provider writes errors that the request is meant for; `repeated`, whether it is answered
        from memory.
        """
        fault = self.next_for(call, repeated=repeated) if self.waiting else None
        if fault is None:
            return do(call), ""
        return _instead(fault, problems) or _afterwards(fault, do(call), problems), fault.kind


def fault_of(values: Iterable[tuple[str, Any]]) -> Fault:
    """Return a fault from its JSON fields; raises `InvalidInputError` for a field or kind there is not."""
    try:
        return Fault(**dict(values))
    except TypeError as error:
        raise InvalidInputError(f"no such fault: {error}") from None
