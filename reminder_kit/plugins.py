"""Plug-ins: the classes by which a kind of thing is found, ours by name, those of other packages by entry point.

Never loads what was not asked for. Our own names come first, so that no package can put itself in their place.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from attrs import frozen

from reminder_kit.errors import ConfigurationError

__all__ = ["Plugins"]


@frozen
class Plugins:
    """One kind of thing that has names."""

    #: What it is, in errors ("provider").
    kind: str
    #: The entry-point group in which packages announce theirs.
    group: str
    #: Our own: module and class, by name.
    own: Mapping[str, tuple[str, str]]

    def names(self) -> tuple[str, ...]:
        """Return every name that `load` knows, sorted; reads what is installed, loads nothing of it."""
        from importlib.metadata import entry_points

        return tuple(sorted({*self.own, *(point.name for point in entry_points(group=self.group))}))

    def load(self, name: str) -> Any:
        """Return the class of that name, loading its module.

        Raises `ConfigurationError` naming the known ones, or the package whose class cannot be loaded.
        """
        if name in self.own:
            module, attribute = self.own[name]
            return getattr(import_module(module), attribute)
        from importlib.metadata import entry_points

        for point in entry_points(group=self.group, name=name):
            try:
                return point.load()
            except (ImportError, AttributeError) as error:
                raise ConfigurationError(
                    f"{self.kind} {name!r} ({point.value}) cannot be loaded: {error}; mend or reinstall its package"
                ) from error
        known = ", ".join(self.names())
        raise ConfigurationError(
            f"unknown {self.kind} {name!r}: use one of {known}, or install the package that brings it"
        )
