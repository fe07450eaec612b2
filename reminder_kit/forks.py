"""Forks: what a forked process begins anew: locks nobody would release, threads it has not, connections of its parent.

Never closes anything: what a child has of its parent's connections is put aside there, since closing it could speak on
them (SQLite, "How To Corrupt An SQLite Database File", 2.6).
"""

from __future__ import annotations

import os
from weakref import WeakSet

__all__ = ["Forkable", "put_aside", "survive_forks"]


class Forkable:
    """Something of which a forked process has a copy that it can't use as it is."""

    def before_fork(self) -> None:
        """Come to rest, if that takes no time: the child gets a copy of this very moment."""

    def after_fork_in_parent(self) -> None:
        """Go on."""

    def after_fork_in_child(self) -> None:
        """Begin anew; only the thread that forked is there."""


_KNOWN: WeakSet[Forkable] = WeakSet()

_ASIDE: list[object] = []
"""What a child has of its parent's, kept so that nothing closes it."""


def put_aside(thing: object) -> None:
    """Keep something of the parent process' for as long as this one runs."""
    if thing is not None:
        _ASIDE.append(thing)


def survive_forks(thing: Forkable) -> None:
    """Have something told of every fork of this process, as long as anybody holds it."""
    _KNOWN.add(thing)


def _before() -> None:
    for thing in list(_KNOWN):
        thing.before_fork()


def _after_in_parent() -> None:
    for thing in list(_KNOWN):
        thing.after_fork_in_parent()


def _after_in_child() -> None:
    for thing in list(_KNOWN):
        thing.after_fork_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
