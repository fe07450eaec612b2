"""Recall: what one snapshot of the ledger answered, so that it is not asked the same twice.

Never outlives its snapshot: within one, the same question has the same answer.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Generic, TypeVar

from attrs import define, field

__all__ = ["Recall"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_MOST = 1000
"""How many answers are kept at least: a run over all of a large ledger goes through it piece by piece."""


@define
class Recall(Generic[K, V]):
    """The answers to one kind of question, by what it was asked about.

    It keeps nobody who asks: a snapshot that nobody holds is gone at once, with all that was read of it.
    """

    _known: dict[K, V | None] = field(factory=dict)

    def __call__(self, keys: Iterable[K], ask: Callable[[list[K]], Mapping[K, V]]) -> dict[K, V]:
        """Return the answers for some keys, without those that have none.

        `ask` asks the ledger about several at once, always in the same way; what is not among its answers has none.
        """
        wanted = list(dict.fromkeys(keys))
        if any(key not in self._known for key in wanted):
            if len(self._known) > _MOST:
                self._known.clear()
            missing = [key for key in wanted if key not in self._known]
            self._known |= dict.fromkeys(missing)
            self.tell(ask(missing))
        answers = ((key, self._known[key]) for key in wanted)
        return {key: answer for key, answer in answers if answer is not None}

    def tell(self, answers: Mapping[K, V]) -> None:
        """Have answers known that need not be asked for."""
        self._known |= answers
