"""Batches: long lists in parts that a database takes at once.

Pure: never looks at what is in the lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

__all__ = ["batched"]

T = TypeVar("T")

_SIZE = 500


def batched(items: Iterable[T], size: int = _SIZE) -> Iterator[list[T]]:
    """Yield the items, in order, in lists of at most `size`."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
