"""HTTP/1.1 on one connection, as h11 reads and writes it: requests as bytes, and an answer piece by piece.

Pure: never touches a socket. An answer's pieces are those of its body as they came, still packed.
"""

from __future__ import annotations

from typing import TypeAlias

import h11

from reminder_kit.transport.lean_httpx import httpx

__all__ = ["Conversation", "Head"]

Head: TypeAlias = h11.Response

_LONGEST_HEAD = 100 * 1024
"""Bytes of an answer's status and headers; h11 refuses longer ones."""


class Conversation:
    """One connection's requests and answers, in turns."""

    def __init__(self) -> None:
        self._state = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LONGEST_HEAD)

    def request(self, request: httpx.Request) -> bytes:
        """Return a request as bytes; raises `httpx.LocalProtocolError` for one that can't be written."""
        state = self._state
        try:
            head = h11.Request(method=request.method, target=request.url.raw_path, headers=request.headers.raw)
            parts = [state.send(head)]
            if request.content:
                parts.append(state.send(h11.Data(data=request.content)))
            parts.append(state.send(h11.EndOfMessage()))
        except h11.LocalProtocolError as error:
            raise httpx.LocalProtocolError(str(error)) from error
        return b"".join(part for part in parts if part)

    def receive(self, data: bytes) -> None:
        """Take in what came; b"" says that nothing more will."""
        self._state.receive_data(data)

    def head(self) -> Head | None:
        """Return the answer's status and headers; None: they have not come yet."""
        while (event := self._event()) is not h11.NEED_DATA:
            if isinstance(event, h11.Response):
                return event
            if not isinstance(event, h11.InformationalResponse):  # "100 Continue" and the like say nothing
                raise httpx.RemoteProtocolError("the connection was closed before an answer came")
        return None

    def piece(self) -> bytes | None:
        """Return the next piece of the answer's body: b"" if it has not come yet, None after the last one."""
        event = self._event()
        if isinstance(event, h11.Data):
            return bytes(event.data)
        return b"" if event is h11.NEED_DATA else None

    def _event(self) -> object:
        try:
            return self._state.next_event()
        except h11.RemoteProtocolError as error:
            raise httpx.RemoteProtocolError(str(error)) from error

    def begin_again(self) -> bool:
        """Make ready for another request; says whether there may be one on this connection.

        There is none where either side closes it, where the answer is not whole, or where more came than was asked for:
        that would be taken for the answer to the next request.
        """
        state = self._state
        if state.our_state is not h11.DONE or state.their_state is not h11.DONE or state.trailing_data[0]:
            return False
        state.start_next_cycle()
        return True
