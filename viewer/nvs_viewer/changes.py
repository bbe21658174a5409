"""Undo and redo."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")
MOST_STEPS = 200


class Changes(Generic[T]):
    """A value, what it was before each of its changes, and what undoing took back."""

    def __init__(self, value: T) -> None:
        self.value = value
        self._before: list[T] = []
        self._undone: list[T] = []

    def change(self, value: T) -> None:
        """The value is another from now on."""
        self._before = [*self._before, self.value][-MOST_STEPS:]
        self._undone = []
        self.value = value

    def undo(self) -> bool:
        """Take the last change back; whether there was one."""
        if not self._before:
            return False
        self._undone.append(self.value)
        self.value = self._before.pop()
        return True

    def redo(self) -> bool:
        """Make the change again that was taken back last; whether there was one."""
        if not self._undone:
            return False
        self._before.append(self.value)
        self.value = self._undone.pop()
        return True
