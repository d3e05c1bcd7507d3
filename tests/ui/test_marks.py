"""Dots, grey parts, and their undo."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from genapp.colorizing.hints import Hint, parse_color
from genapp.ui.marks import History, Marks, draw, grey_mask, hint_at

RED, BLUE, GREEN = (parse_color(text) for text in ("#c02020", "#2040c0", "#20a040"))
WHITE = (1.0, 1.0, 1.0)

STEPS = st.one_of(
    st.tuples(st.just("click"), st.integers(0, 99), st.integers(0, 99)),
    st.tuples(st.just("corner"), st.integers(0, 99), st.integers(0, 99)),
    st.tuples(st.sampled_from(["choose"]), st.integers(0, 4)),
    st.tuples(st.sampled_from(["recolor"]), st.sampled_from([RED, BLUE, GREEN])),
    st.tuples(st.sampled_from(["delete", "next_part", "clear"])),
)


def done(history: History, *step: object) -> History:
    name, *values = step
    if name == "click":
        return history.click(*values, RED, 3)  # type: ignore[call-arg,arg-type]
    result = getattr(history, str(name))(*values)
    assert isinstance(result, History)
    return result


def test_a_click_adds_chooses_moves() -> None:
    history = History().click(10, 10, RED, 3).click(50, 50, BLUE, 3)
    assert history.now.hints == (Hint(10, 10, RED), Hint(50, 50, BLUE))
    assert history.chosen is None
    chosen = history.click(12, 11, BLUE, 3)
    assert chosen.chosen == 0
    assert chosen.now == history.now
    moved = chosen.click(30, 20, BLUE, 3)
    assert moved.now.hints == (Hint(30, 20, RED), Hint(50, 50, BLUE))
    assert moved.chosen is None
    assert moved.undo().now == history.now


def test_a_second_choice_takes_the_first_back() -> None:
    history = History().add(Hint(1, 1, RED)).choose(0)
    assert history.chosen == 0
    assert history.choose(0).chosen is None
    assert history.choose(7).chosen is None


def test_colours_tried_on_one_dot_are_one_step() -> None:
    history = History().add(Hint(1, 1, RED)).choose(0)
    tried = history.recolor(GREEN).recolor(WHITE).recolor(BLUE)
    assert tried.now.hints == (Hint(1, 1, BLUE),)
    assert tried.chosen == 0
    assert tried.undo().now.hints == (Hint(1, 1, RED),)
    again = tried.choose(0).choose(0).recolor(RED)
    assert again.undo().now.hints == (Hint(1, 1, BLUE),)


def test_without_a_choice_nothing_is_moved_recoloured_or_deleted() -> None:
    history = History().add(Hint(1, 1, RED))
    assert history.move(5, 5) == history.recolor(BLUE) == history.delete() == history


def test_parts_enclose_from_three_corners() -> None:
    history = History().corner(0, 0).corner(10, 0)
    assert grey_mask(history.now, (20, 20)) is None
    mask = grey_mask(history.corner(10, 10).now, (20, 20))
    assert mask is not None
    assert mask[2, 8] == 255
    assert mask[8, 2] == 0
    half = grey_mask(history.corner(10, 10).now, (10, 10), 0.5)
    assert half is not None
    assert half[1, 4] == 255
    assert half[6:].max() == 0


def test_another_part() -> None:
    one = History().corner(0, 0).corner(10, 0).corner(10, 10).next_part()
    assert one.next_part() == one
    two = one.corner(15, 15).corner(19, 15).corner(19, 19)
    assert [len(part) for part in two.now.enclosed] == [3, 3]
    # Two corners enclose nothing and are left out.
    assert History().corner(0, 0).corner(9, 9).next_part().now.parts == ((),)


@given(st.lists(STEPS, max_size=30))
def test_every_step_can_be_undone_and_redone(steps: list[tuple[object, ...]]) -> None:
    history = History()
    for step in steps:
        before = history
        history = done(history, *step)
        if history.chosen is not None:
            assert 0 <= history.chosen < len(history.now.hints)
        if history.now != before.now and len(history.past) > len(before.past):
            assert history.undo().now == before.now
            assert history.undo().redo().now == history.now
    end = history.now
    back = 0
    while history.past:
        history = history.undo()
        back += 1
    assert history.now == Marks()
    for _ in range(back):
        history = history.redo()
    assert history.now == end
    assert history.undo().redo().redo() == history.undo().redo()


def test_the_nearest_hint() -> None:
    hints = [Hint(0, 0, RED), Hint(4, 0, BLUE)]
    assert hint_at(hints, 3, 0, 5) == 1
    assert hint_at(hints, 40, 0, 5) is None
    assert hint_at([], 0, 0, 5) is None


def test_dots_are_drawn_where_they_are_and_nowhere_else() -> None:
    grey = np.full((400, 600, 3), 90, np.uint8)
    marks = Marks((Hint(100, 50, RED), Hint(1000, 700, BLUE)))
    drawn = draw(grey, marks, 0.5)
    assert (grey == 90).all()
    # Left of the number, inside the ring.
    assert tuple(drawn[25, 42]) == (192, 32, 32)
    assert tuple(drawn[350, 492]) == (32, 64, 192)
    changed = (drawn != grey).any(axis=2)
    assert not changed[60:300].any()
    assert changed[:60].any()
    assert (draw(grey, marks, 0.5, chosen=1) != drawn).any(axis=2)[:60].sum() == 0


def test_a_dot_on_the_border_of_a_tiny_picture() -> None:
    drawn = draw(np.zeros((20, 20, 3), np.uint8), Marks((Hint(0, 19, RED),), (((0, 0),),)), 1)
    assert drawn.shape == (20, 20, 3)
