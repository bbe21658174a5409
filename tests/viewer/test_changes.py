"""Undo and redo."""

from hypothesis import given
from hypothesis import strategies as st

from nvs_viewer.changes import MOST_STEPS, Changes


@given(st.lists(st.integers(), max_size=30), st.integers(0, 30))
def test_what_is_undone_and_redone_is_as_before(values, back):
    changes = Changes(-1)
    for value in values:
        changes.change(value)
    states = [-1, *values]
    steps = 0
    while steps < back and changes.undo():
        steps += 1
        assert changes.value == states[-1 - steps]
    assert steps == min(back, len(values))
    for _ in range(steps):
        assert changes.redo()
    assert changes.value == states[-1]
    assert not changes.redo()


def test_a_new_change_forgets_what_was_undone():
    changes = Changes("a")
    changes.change("b")
    changes.undo()
    changes.change("c")
    assert not changes.redo()
    assert changes.undo()
    assert changes.value == "a"


def test_it_is_bounded():
    changes = Changes(0)
    for value in range(1, 2 * MOST_STEPS):
        changes.change(value)
    steps = 0
    while changes.undo():
        steps += 1
    assert steps == MOST_STEPS
