"""Long lists in batches that a database takes at once.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

__all__ = ["batched"]

T = TypeVar("T")


_CHUNK = 500


def batched(items: Iterable[T], size: int = _CHUNK) -> Iterator[list[T]]:
    """Yield the items in lists of at most that many."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
