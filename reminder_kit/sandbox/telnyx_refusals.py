"""A refusal as Telnyx gives it: what an endpoint raises, and the answer that becomes of it.

Pure: no clock, no I/O.
"""

from __future__ import annotations

from typing import Any

from attrs import frozen

from reminder_kit.sandbox.http_messages import Answer, answer
from reminder_kit.sandbox.problems import TELNYX

__all__ = ["Refusal"]


@frozen
class Refusal(Exception):  # noqa: N818 - an answer, not a fault
    """An error as Telnyx gives it."""

    #: HTTP's.
    status: int
    code: str
    title: str
    #: What is wrong: a JSON pointer; "": nothing in particular.
    pointer: str = ""
    #: Without the list around it, as the answer to a cancellation has it.
    bare: bool = False

    def answer(self) -> Answer:
        """Return the refusal as an answer."""
        body = TELNYX.write(self.status, self.code, self.title)
        error: dict[str, Any] = body["errors"][0]
        if self.pointer:
            error["source"] = {"pointer": self.pointer}
        return answer(self.status, error if self.bare else body)
