"""What a draft says, as Vonage's Messages API has it: a text, one medium with its caption, or several.

Pure: no clock, no I/O. Never looks at media: what they are is read off the name in their address.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from reminder_kit.model.messages import Draft

__all__ = ["content"]

_KINDS = {
    "vcard": {".vcf", ".vcard"},
    "audio": {".aac", ".amr", ".m4a", ".mp3", ".ogg", ".wav"},
    "video": {".3gp", ".m4v", ".mov", ".mp4", ".mpeg", ".mpg", ".webm"},
    "file": {".csv", ".doc", ".docx", ".ics", ".pdf", ".ppt", ".pptx", ".rtf", ".txt", ".xls", ".xlsx", ".zip"},
}
"""The kinds of media besides images (Messages API, MMS), by how their names end; any other name is an image's."""


def content(draft: Draft) -> dict[str, Any]:
    """Return the fields of a message that hold its text and media; the text is the first medium's caption."""
    if not draft.media_urls:
        return {"message_type": "text", "text": draft.text}
    items = [(_kind(url), {"url": url}) for url in draft.media_urls]
    if draft.text:
        items[0][1]["caption"] = draft.text
    if len(items) == 1:
        ((kind, medium),) = items
        return {"message_type": kind, kind: medium}
    return {"message_type": "content", "content": [{"type": kind, **medium} for kind, medium in items]}


def _kind(url: str) -> str:
    try:
        suffix = PurePosixPath(urlsplit(url).path).suffix.lower()
    except ValueError:
        return "image"
    return next((kind for kind, suffixes in _KINDS.items() if suffix in suffixes), "image")
