"""Work on the page that can be cancelled."""

from types import SimpleNamespace
from typing import Any

import pytest

from genapp.errors import Cancelled
from genapp.ui.jobs import Jobs, duration

KEPT = "Your pictures are still here."


def visitor(name: str) -> Any:  # noqa: ANN401 (stands in for a request)
    return SimpleNamespace(session_hash=name)


def progress(_done: float, desc: str) -> None:
    """Stands in for the page's bar."""


def test_a_click_on_cancel_ends_the_work_of_that_visitor_alone() -> None:
    jobs = Jobs(KEPT)
    with (
        jobs.running(visitor("a"), progress) as told,
        jobs.running(visitor("b"), progress) as other,
    ):
        told(0.1, "Working", None)
        jobs.stop(visitor("a"))
        other(0.1, "Working", 3.0)
        with pytest.raises(Cancelled, match="It was cancelled"):
            told(0.2, "Working", None)


def test_cancel_counts_while_the_work_waits_for_its_turn() -> None:
    jobs = Jobs(KEPT)
    jobs.expect(visitor("a"))
    jobs.stop(visitor("a"))
    with jobs.running(visitor("a"), progress) as told, pytest.raises(Cancelled):
        told(0.0, "Working", None)


def test_the_next_work_is_not_cancelled_too() -> None:
    jobs = Jobs(KEPT)
    jobs.expect(visitor("a"))
    jobs.stop(visitor("a"))  # and the work never began
    jobs.expect(visitor("a"))
    with jobs.running(visitor("a"), progress) as told:
        told(0.0, "Working", None)
    jobs.stop(visitor("a"))
    with jobs.running(visitor("a"), progress) as told:
        told(0.0, "Working", None)


def test_work_that_has_begun_keeps_its_cancel_when_the_click_is_heard_late() -> None:
    jobs = Jobs(KEPT)
    with jobs.running(visitor("a"), progress) as told:
        jobs.expect(visitor("a"))
        jobs.stop(visitor("a"))
        with pytest.raises(Cancelled):
            told(0.5, "Working", None)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.01, "0.1 s"), (3.25, "3.2 s"), (42, "42 s"), (200, "3 min")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
