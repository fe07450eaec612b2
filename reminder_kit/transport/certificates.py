"""Certificates: what servers are trusted by, loaded once for all who share them.

Never asks a server: that is for connections.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

__all__ = ["Certificates"]


class Certificates:
    """httpx's context for each scheme; certificates are loaded for https only (40 ms, and half a megabyte)."""

    def __init__(self) -> None:
        self._contexts: dict[bool, ssl.SSLContext] = {}

    def context(self, scheme: str) -> ssl.SSLContext:
        """Return the context for a scheme, made when it is first asked for."""
        trusted = scheme != "http"
        if trusted not in self._contexts:
            from reminder_kit.transport.lean_httpx import httpx

            made = httpx.create_ssl_context(verify=trusted)
            made.set_alpn_protocols(["http/1.1"])
            self._contexts[trusted] = made
        return self._contexts[trusted]
