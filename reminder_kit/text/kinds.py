"""Kinds: what an expression of a template is, as far as its names tell without rendering it.

Pure: no clock, no I/O. Never says more than is sure: a host's own data is of no kind, nor is what is made of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import nodes

from reminder_kit.text.readable import KINDS, words
from reminder_kit.text.views import APPOINTMENT_FIELDS, MEMBER_FIELDS, RECIPIENT_FIELDS, RULE_FIELDS

__all__ = ["Kinds", "fields_of", "spelled"]

# A kind is a word: one of `readable.KINDS`, or of the views below; in brackets it is a list of them; "": not known.

_VIEWS = {
    "appointment": APPOINTMENT_FIELDS,
    "member": MEMBER_FIELDS,
    "recipient": RECIPIENT_FIELDS,
    "rule": RULE_FIELDS,
}
_NAMES = {
    "appointment": "appointment",
    "appointments": "[member]",
    "recipient": "recipient",
    "rule": "rule",
    "when": "text",
    "day": "text",
    "loop": "loop",
}
_FIELDS = {
    **dict.fromkeys(("starts_at", "ends_at", "booked_at"), "datetime"),
    **dict.fromkeys(("id", "title", "location", "source", "url", "timezone", "recurrence_id"), "text"),
    **dict.fromkeys(("name", "phone", "email", "locale", "key", "channel", "subject"), "text"),
    "recipient": "recipient",
    "recipients": "[recipient]",
    "tags": "[text]",
}
_SAME = words(
    "add subtract replace set start_of end_of next previous first_of last_of nth_of average closest farthest on at "
    "in_timezone in_tz astimezone"
)
_MADE = {
    **dict.fromkeys(("date",), "date"),
    **dict.fromkeys(("time", "timetz"), "time"),
    **dict.fromkeys(("diff",), "duration"),
    **dict.fromkeys(("format", "strftime", "isoformat", "ctime", "diff_for_humans", "in_words"), "text"),
}
_TEXT_FILTERS = words("time date weekday relative phone link upper lower title capitalize trim string join")
_SAME_FILTERS = words("default d sort list reverse unique select reject selectattr rejectattr")


def fields_of(kind: str) -> frozenset[str] | None:
    """Return what may be read of a kind of value; None: that is not known."""
    if kind in _VIEWS:
        return frozenset(_VIEWS[kind])
    return KINDS[kind].fields | KINDS[kind].methods if kind in KINDS else None


def spelled(node: nodes.Node) -> str:
    """Return a value as the template spells it, with "…" for what is more than names."""
    if isinstance(node, nodes.Name):
        return node.name
    return f"{spelled(node.node)}.{node.attr}" if isinstance(node, nodes.Getattr) else "…"


class Kinds:
    """The kinds of a template's expressions; `given` are the names that it does not define itself."""

    def __init__(self, tree: nodes.Template, given: frozenset[str]) -> None:
        self._names = {name: kind for name, kind in _NAMES.items() if name in given or name == "loop"}
        for name, kind in self._bound(tree):
            self._names[name] = kind if self._names.get(name, kind) == kind else ""

    def _bound(self, tree: nodes.Template) -> Iterator[tuple[str, str]]:
        """Yield each name that the template defines, with the kind of its value."""
        for node in tree.find_all(
            (nodes.Assign, nodes.AssignBlock, nodes.For, nodes.With, nodes.Macro, nodes.CallBlock)
        ):
            if isinstance(node, nodes.Assign):
                yield from self._targets(node.target, self.of(node.node))
            elif isinstance(node, nodes.For):
                yield from self._targets(node.target, self.item(self.of(node.iter)))
            elif isinstance(node, nodes.With):
                for target, value in zip(node.targets, node.values, strict=True):
                    yield from self._targets(target, self.of(value))
            elif isinstance(node, nodes.AssignBlock):
                yield from self._targets(node.target, "")
            elif isinstance(node, nodes.Macro | nodes.CallBlock):
                yield from ((argument.name, "") for argument in node.args)

    def _targets(self, target: nodes.Node, kind: str) -> Iterator[tuple[str, str]]:
        if isinstance(target, nodes.Name):
            yield target.name, kind
        elif isinstance(target, nodes.Tuple):
            yield from (pair for item in target.items for pair in self._targets(item, ""))

    def of(self, node: nodes.Node) -> str:
        """Return the kind of an expression."""
        if isinstance(node, nodes.Name):
            return self._names.get(node.name, "")
        if isinstance(node, nodes.Const | nodes.Concat):
            return "text" if isinstance(node, nodes.Concat) or isinstance(node.value, str) else ""
        if isinstance(node, nodes.Getattr):
            return self.attribute(self.of(node.node), node.attr)
        if isinstance(node, nodes.Getitem):
            if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
                return self.attribute(self.of(node.node), node.arg.value)
            return self.item(self.of(node.node)) if isinstance(node.arg, nodes.Const) else ""
        if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr):
            return self._made(self.of(node.node.node), node.node.attr)
        return self._filtered(node) if isinstance(node, nodes.Filter) and node.node is not None else ""

    def attribute(self, kind: str, name: str) -> str:
        """Return the kind of an attribute of a kind of value."""
        return _FIELDS.get(name, "") if kind in _VIEWS else ""

    def item(self, kind: str) -> str:
        """Return the kind of each one of several values."""
        return kind[1:-1] if kind.startswith("[") else ""

    def _made(self, kind: str, method: str) -> str:
        if kind not in ("datetime", "date", "time", "duration"):
            return ""
        return kind if method in _SAME else _MADE.get(method, "")

    def _filtered(self, node: nodes.Filter) -> str:
        assert node.node is not None  # noqa: S101 - asked by the caller
        if node.name in _TEXT_FILTERS:
            return "text"
        kind = self.of(node.node)
        if node.name in _SAME_FILTERS:
            return kind
        if node.name in ("first", "last"):
            return self.item(kind)
        name = next((pair.value for pair in node.kwargs if pair.key == "attribute"), None)
        if node.name == "attr" and node.args:
            name = node.args[0]
        if not isinstance(name, nodes.Const) or not isinstance(name.value, str):
            return ""
        if node.name == "map":
            found = self.attribute(self.item(kind), name.value)
            return f"[{found}]" if found else ""
        return self.attribute(kind, name.value) if node.name == "attr" else ""
