"""Samples: a made-up appointment, its words of ordinary length, with whatever data a template reads.

Pure: no clock, no I/O. Never stands for anybody: its phone number is reserved for fiction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from reminder_kit.model.appointments import Appointment, Recipient
from reminder_kit.text.templates import compiled

if TYPE_CHECKING:
    from jinja2 import nodes

__all__ = ["made_up", "read_fields"]

_PHONE = "+12025550123"
_NAME = "Alexandra Winter"
_VALUE = "Dr Winter"
_ROOTS = (("data",), ("appointment", "data"))


def made_up(starts_at: datetime, sources: Iterable[str], locale: str | None = None) -> Appointment:
    """Return an appointment as a clinic might have it, with the data that the templates `sources` read.

    `starts_at` is aware; `locale` is the recipient's language tag, None: the default one.
    """
    wanted = [path for source in sources for path in read_fields(source)]
    data = _filled(path[len(root) :] for root in _ROOTS for path in wanted if path[: len(root)] == root)
    own = _filled(path[2:] for path in wanted if path[:2] == ("recipient", "data"))
    return Appointment(
        "A-10042",
        starts_at,
        starts_at + timedelta(minutes=45),
        recipients=[Recipient(_PHONE, name=_NAME, locale=locale, data=own)],
        title="Dental check-up",
        location="12 Harbour Street",
        url="https://example.com/a/10042",
        data=data,
        booked_at=starts_at - timedelta(days=20),
    )


def read_fields(source: str) -> list[tuple[str, ...]]:
    """Return the values that a template reads, as paths: ("appointment", "title"), ("data", "doctor", "name").

    Nothing for a text without expressions, and for a template that can't be read.
    """
    from jinja2 import TemplateError, nodes

    template = compiled(source)
    if template.static:
        return []
    try:
        tree = template.tree()
    except TemplateError:
        return []
    called = {id(call.node) for call in tree.find_all(nodes.Call)}
    paths = (_path(node) for node in tree.find_all((nodes.Getattr, nodes.Getitem)) if id(node) not in called)
    return [path for path in paths if path]


def _path(node: nodes.Node) -> tuple[str, ...]:
    """Return the names that lead from a variable to a node; nothing where any of them is computed."""
    from jinja2 import nodes

    if isinstance(node, nodes.Name):
        return (node.name,)
    if isinstance(node, nodes.Getattr):
        before = _path(node.node)
        return (*before, node.attr) if before else ()
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
        before = _path(node.node)
        return (*before, node.arg.value) if before else ()
    return ()


def _filled(paths: Iterable[tuple[str, ...]]) -> dict[str, Any]:
    """Return nested tables in which each path leads to a value."""
    filled: dict[str, Any] = {}
    for path in sorted(_longest_paths(paths)):
        table = filled
        for name in path[:-1]:
            table = table.setdefault(name, {})
        table[path[-1]] = _VALUE
    return filled


def _longest_paths(paths: Iterable[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """Yield the paths that are not the beginning of another one."""
    known = {path for path in paths if path}
    yield from (path for path in known if not any(other[: len(path)] == path for other in known - {path}))
