"""Threads that drawing and analysis share: OpenCV and ONNX Runtime leave Python free meanwhile."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache

from genapp.registry.cores import usable_cores


@cache
def workers() -> ThreadPoolExecutor:
    """As many threads as there are cores, at least two. What runs in them may wait for what was
    submitted before it, and submits nothing itself: else all could wait for each other.

    They are kept, because OpenCV 5.0 loses up to 2 KB at the first `resize` of every new thread:
    20 MB in 10,000 pictures of the live mirror.
    """
    return ThreadPoolExecutor(max(2, usable_cores()), "genapp-tryon")
