"""The sandbox as a transport of httpx, sync and async: the same requests, without a socket.

Never waits: an answer that would come later than the client waits for is a timeout at once.
"""

from __future__ import annotations

import httpx

from reminder_kit.sandbox.core import Sandbox
from reminder_kit.sandbox.http_messages import Answer, Call

__all__ = ["SandboxTransport"]


class SandboxTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Carry httpx' requests to a sandbox in this process, whatever host they are for."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a blocking client."""
        return self._answered(request, request.read())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer an async client."""
        return self._answered(request, await request.aread())

    def _answered(self, request: httpx.Request, body: bytes) -> httpx.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        call = Call.of(request.method, request.url.raw_path.decode(), headers, body)
        return _spoilt(request, self._sandbox.handle(call))


def _spoilt(request: httpx.Request, found: Answer) -> httpx.Response:
    """Return an answer as httpx has it; raises what httpx would where a fault makes it late, drops or cuts it."""
    patience = request.extensions.get("timeout", {}).get("read")
    if patience is not None and found.delay > patience:
        raise httpx.ReadTimeout("the sandbox is slow, as it was told to be", request=request)
    if found.drop or found.cut:
        raise httpx.RemoteProtocolError("the sandbox closed the connection, as it was told to", request=request)
    return httpx.Response(found.status, headers=dict(found.headers), content=found.body)
