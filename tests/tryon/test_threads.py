"""The shared threads."""

from threading import Event

from genapp.tryon.threads import workers


def test_two_things_run_at_once_in_threads_that_are_kept() -> None:
    done = Event()
    waiting = workers().submit(done.wait, 20)
    workers().submit(done.set)
    assert waiting.result()
