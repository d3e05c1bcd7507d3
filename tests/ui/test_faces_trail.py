"""Steps from face to face, and back."""

from hypothesis import given
from hypothesis import strategies as st

from genapp.ui.face_trail import LONGEST, Trail


def walk(*faces: str) -> Trail:
    trail = Trail()
    for face in faces:
        trail = trail.go(face)
    return trail


def test_each_step_is_undone_and_redone() -> None:
    trail = walk("a", "b", "c")
    assert trail.undo().now == "b"
    assert trail.undo().undo().now == "a"
    assert trail.undo().undo().redo().redo() == trail


def test_the_first_face_cannot_be_undone() -> None:
    trail = walk("a")
    assert trail.undo() is trail
    assert trail.redo() is trail
    assert Trail().undo() == Trail().redo() == Trail()


def test_a_slider_that_is_dragged_is_one_step() -> None:
    trail = walk("a").go("b", "age").go("c", "age").go("d", "age")
    assert (trail.now, trail.past) == ("d", ("a",))
    other = trail.go("e", "smile")
    assert other.past == ("a", "d")
    assert trail.settle().go("e", "age").past == ("a", "d")
    # After an undo the same slider starts a step of its own.
    assert other.undo().go("f", "smile").past == ("a", "d")


def test_a_new_face_forgets_what_was_undone() -> None:
    trail = walk("a", "b").undo().go("c")
    assert trail.redo() is trail
    assert trail.past == ("a",)


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=300))
def test_as_many_undos_as_there_were_steps(faces: list[str]) -> None:
    trail = walk(*faces)
    assert trail.now == faces[-1]
    assert len(trail.past) <= LONGEST
    steps = len(trail.past)
    for _ in range(steps):
        trail = trail.undo()
    assert trail.past == ()
    for _ in range(steps):
        trail = trail.redo()
    assert trail == walk(*faces)
