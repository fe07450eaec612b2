"""Numbers over days as SVG: bars beside each other, each readable without colours and by a screen reader.

Pure: values in, markup out. Never runs a script, never refers to anything outside.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

__all__ = ["bars"]

_WIDE, _HIGH, _FOOT = 640, 150, 18


def bars(label: str, names: Sequence[str], series: Sequence[tuple[str, Sequence[int]]]) -> Markup:
    """Return bars for each of `names`, stacked by series (its CSS class, its numbers); `label` says what they are.

    Each bar has its numbers as a title, and the whole a summary, so that nothing is told by colour alone.
    """
    highest = max((sum(column) for column in zip(*(numbers for _, numbers in series), strict=True)), default=0) or 1
    step = _WIDE / max(1, len(names))
    opening = Markup('<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="{}">')
    parts = [opening.format(_WIDE, _HIGH + _FOOT, label)]
    for place, name in enumerate(names):
        parts.append(_bar(place * step, step, highest, name, [(look, numbers[place]) for look, numbers in series]))
    return Markup("").join([*parts, Markup("</svg>")])


def _bar(left: float, step: float, highest: int, name: str, stack: Sequence[tuple[str, int]]) -> Markup:
    told = ", ".join(f"{count} {look}" for look, count in stack if count) or "nothing"
    parts = [Markup("<g><title>{}: {}</title>").format(name, told)]
    top = float(_HIGH)
    for look, count in stack:
        high = (_HIGH - 14) * count / highest
        top -= high
        if count:
            parts.append(
                Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
                    f"bar {look}", left + step * 0.15, top, step * 0.7, high
                )
            )
    total = sum(count for _, count in stack)
    if total:
        parts.append(
            Markup('<text class="count" x="{:.1f}" y="{:.1f}">{}</text>').format(left + step / 2, top - 3, total)
        )
    parts.append(Markup('<text x="{:.1f}" y="{}">{}</text></g>').format(left + step / 2, _HIGH + _FOOT - 4, name))
    return Markup("").join(parts)
