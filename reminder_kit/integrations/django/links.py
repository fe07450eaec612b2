"""Links: what a many-to-many field joins, as the signal of a change tells of it.

Never writes.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from attrs import frozen

__all__ = ["Links"]


@frozen
class Links:
    """Links of an instance by a many-to-many field, which come or go."""

    #: The model whose rows are the links.
    through: Any
    #: The instance, at either end, whose links they are.
    instance: Any
    #: The model at the other end.
    model: Any
    #: Whether the field is that model's, and no field of the instance's.
    reverse: bool
    #: By which keys there is a link to the other end; None: all that there are.
    keys: Collection[Any] | None
    #: The alias of the database.
    using: str

    def ends(self, kinds: tuple[Any, ...]) -> list[Any]:
        """Return what is of some models among the instances at both ends, and the links themselves."""
        found = [self.instance]
        if issubclass(self.model, kinds) or issubclass(self.through, kinds):
            near, far = self._fields()
            links = self.through._base_manager.using(self.using).filter(**{near: self.instance}).select_related(far)
            if self.keys is not None:
                links = links.filter(**{f"{far}__in": self.keys})
            for link in links:
                found += [link, getattr(link, far)]
        return [end for end in found if isinstance(end, kinds)]

    def _fields(self) -> tuple[str, str]:
        """Return the names of a link's fields that lead to the instance, and to the other end."""
        owner = self.model if self.reverse else type(self.instance)
        field = next(field for field in owner._meta.many_to_many if field.remote_field.through is self.through)
        names = field.m2m_field_name(), field.m2m_reverse_field_name()
        return (names[1], names[0]) if self.reverse else names
