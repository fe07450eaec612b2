"""How `webhook serve` speaks HTTP: uvicorn's own protocol, which waits for a request's head only so long.

Never touches a request that is being answered: its body has the application's time limit, its answer the server's.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from typing import Any

__all__ = ["PATIENCE", "Impatient"]

PATIENCE = 10.0
"""Seconds in which a head must be whole, from when a connection is made or its first byte comes."""

_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class Impatient(H11Protocol):
    """One connection; uvicorn bounds the time between two requests, and this the time that a head may take.

    Bytes that drip in one by one win nobody more time. Who sent something is told so (408), who sent nothing is left.
    """

    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """Take bytes in; stop waiting once a head is whole, begin anew with the first bytes of the next."""
        super().data_received(data)
        if not self._lacks_head():
            self._stop_waiting()
        elif self._head_timer is None:
            self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _lacks_head(self) -> bool:
        """Say whether a head has begun, or is expected, and is not whole."""
        return self.conn.their_state is h11.IDLE and (self.cycle is None or bool(self.conn.trailing_data[0]))

    def _wait_for_head(self) -> None:
        self._head_timer = self.loop.call_later(PATIENCE, self._give_up)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        """Close a connection whose head never became whole."""
        self._head_timer = None
        if self._lacks_head() and not self.transport.is_closing():
            if self.conn.trailing_data[0]:
                self.transport.write(_TOO_SLOW)
            self.transport.close()
