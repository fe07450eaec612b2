"""What a test asks of a sandbox that runs as a server, under `/_sandbox/`.

Never counts as a request of the provider's, never meets a fault, never needs a key.

| request | does |
|---|---|
| `GET /_sandbox/` | time, counts, what webhooks are signed with, and what the sandbox itself failed at |
| `GET /_sandbox/messages?status=&to=` | every message, oldest first |
| `GET /_sandbox/requests?limit=` | how many there were, and the latest |
| `DELETE /_sandbox/requests` | starts counting anew |
| `GET /_sandbox/clock`, `POST {"now": ISO}` or `{"advance": seconds}` | shows and moves the clock |
| `GET`, `POST`, `DELETE /_sandbox/faults` | lists, adds (`{"kind", "times", "method", "path", …}`) and clears faults |
| `POST /_sandbox/inbound {"from", "text", "to"?}` | has a person reply |
| `POST /_sandbox/outcomes {"to", "status", "code"?, "title"?}` | how messages to a number end |
| `POST /_sandbox/webhooks {"disorder"?, "duplicates"?, "url"?}`, `GET` | how webhooks are delivered; which there were |
| `POST /_sandbox/reset` | forgets everything but the clock |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from attrs import asdict

from reminder_kit.errors import ConfigurationError, InvalidInputError
from reminder_kit.model.instants import iso
from reminder_kit.sandbox.faults import fault_of
from reminder_kit.sandbox.http_messages import Answer, Call, Logged, answer

if TYPE_CHECKING:
    from reminder_kit.sandbox.state import SandboxState

__all__ = ["respond"]


def respond(sandbox: SandboxState, call: Call) -> Answer:
    """Answer a request under `/_sandbox`: a 400 with `error` where it can't be carried out, a 404 for another path."""
    name = call.path.removeprefix("/_sandbox").strip("/")
    act = _ACTS.get((call.method, name))
    if act is None:
        return answer(404, {"error": f"no {call.method} /_sandbox/{name}", "known": [f"{m} {n}" for m, n in _ACTS]})
    try:
        values = call.json() if call.body else {}
        return answer(200, act(sandbox, values if isinstance(values, dict) else {}, call.query))
    except (InvalidInputError, OverflowError, ValueError, KeyError, TypeError) as error:
        return answer(400, {"error": f"{type(error).__name__}: {error}"})


_Values = dict[str, Any]


def _about(sandbox: SandboxState, _values: _Values, _query: dict[str, str]) -> _Values:
    return {
        "now": iso(sandbox.now()),
        "running": sandbox.clock.running,
        "messages": len(sandbox.by_id),
        "parked": sandbox.parked_count(),
        "requests": sandbox.request_count,
        "writes": sandbox.write_count,
        "crashes": list(sandbox.crashes),
        "public_key": _public_key(sandbox),
        "secret": sandbox.secret,
    }


def _public_key(sandbox: SandboxState) -> str | None:
    try:
        return sandbox.public_key
    except ConfigurationError:
        return None


def _messages(sandbox: SandboxState, _values: _Values, query: dict[str, str]) -> _Values:
    sandbox.tick()
    status = query.get("status")
    found = [message.summary() for message in sandbox.messages(query.get("to")) if status in {None, message.status}]
    return {"now": iso(sandbox.now()), "count": len(found), "messages": found}


def _log_values(line: Logged) -> _Values:
    values = asdict(line)
    return values | {"at": iso(line.at), "body": line.body.decode("utf-8", "replace")}


def _requests(sandbox: SandboxState, _values: _Values, query: dict[str, str]) -> _Values:
    limit = int(query.get("limit", "100"))
    latest = list(sandbox.requests)[-limit:] if limit else []
    counts = {"count": sandbox.request_count, "writes": sandbox.write_count}
    return {**counts, "requests": [_log_values(request) for request in latest]}


def _forget_requests(sandbox: SandboxState, _values: _Values, _query: dict[str, str]) -> _Values:
    sandbox.requests.clear()
    sandbox.request_count = sandbox.write_count = 0
    return {"count": 0, "writes": 0}


def _clock(sandbox: SandboxState, values: _Values, _query: dict[str, str]) -> _Values:
    if "now" in values:
        sandbox.clock.set(str(values["now"]))
    if "advance" in values:
        sandbox.clock.advance(seconds=float(values["advance"]))
    return {"now": iso(sandbox.now()), "running": sandbox.clock.running}


def _faults(sandbox: SandboxState, values: _Values, _query: dict[str, str]) -> _Values:
    if values:
        sandbox.faults.add(fault_of(values.items()))
    return {"faults": [asdict(fault) for fault in sandbox.faults.waiting]}


def _clear_faults(sandbox: SandboxState, _values: _Values, _query: dict[str, str]) -> _Values:
    sandbox.faults.clear()
    return {"faults": []}


def _inbound(sandbox: SandboxState, values: _Values, _query: dict[str, str]) -> _Values:
    hook = sandbox.inbound(str(values["from"]), str(values["text"]), values.get("to"))
    return {"event": hook.id, "type": hook.type, "payload": hook.payload}


def _outcomes(sandbox: SandboxState, values: _Values, _query: dict[str, str]) -> _Values:
    sandbox.outcome(str(values["to"]), str(values["status"]), values.get("code", ""), values.get("title", ""))
    return {}


def _webhooks(sandbox: SandboxState, values: _Values, _query: dict[str, str]) -> _Values:
    hooks = sandbox.hooks
    hooks.disorder = bool(values.get("disorder", hooks.disorder))
    hooks.duplicates = bool(values.get("duplicates", hooks.duplicates))
    sandbox.webhook_url = values.get("url", sandbox.webhook_url)
    sent = [
        {"id": hook.id, "type": hook.type, "payload": hook.payload, "url": hook.url, "answers": hook.answers}
        for hook in hooks.sent
    ]
    return {"disorder": hooks.disorder, "duplicates": hooks.duplicates, "url": sandbox.webhook_url, "webhooks": sent}


def _reset(sandbox: SandboxState, values: _Values, query: dict[str, str]) -> _Values:
    sandbox.reset()
    return _about(sandbox, values, query)


_ACTS: dict[tuple[str, str], Callable[[SandboxState, _Values, dict[str, str]], _Values]] = {
    ("GET", ""): _about,
    ("GET", "messages"): _messages,
    ("GET", "requests"): _requests,
    ("DELETE", "requests"): _forget_requests,
    ("GET", "clock"): _clock,
    ("POST", "clock"): _clock,
    ("GET", "faults"): _faults,
    ("POST", "faults"): _faults,
    ("DELETE", "faults"): _clear_faults,
    ("POST", "inbound"): _inbound,
    ("POST", "outcomes"): _outcomes,
    ("GET", "webhooks"): _webhooks,
    ("POST", "webhooks"): _webhooks,
    ("POST", "reset"): _reset,
}
"""The function of each request, by method and path below `/_sandbox/`; it is given the body's values and the query."""
