"""Start-up and memory of the app, beside an empty Gradio app that is started the same way.

    python benchmarks/startup.py

Time from the command to the first answered request, in turns; then the app's resident memory when
idle and its peak over a try-on of a 12-megapixel photo (Linux: VmRSS and VmHWM).
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from gradio_client import Client, handle_file

from genapp import images

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "genapp/ui/examples/older-man.jpg"
EMPTY = (
    "import gradio as gr\n"
    "with gr.Blocks(analytics_enabled=False) as page:\n"
    "    gr.Markdown('empty')\n"
    "page.launch(run_history=False, ssr_mode=False)\n"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    ours, empty = [], []
    for _ in range(runs):
        with _server([sys.executable, "app.py"]) as (_, _, seconds):
            ours.append(seconds)
        with _server([sys.executable, "-c", EMPTY]) as (process, _, seconds):
            empty.append(seconds)
            empty_idle = _memory(process.pid, "VmRSS")
    ratio = statistics.median(a / b for a, b in zip(ours, empty, strict=True))
    print(f"first answered request: {statistics.median(ours):.1f} s")
    print(f"  empty Gradio app:     {statistics.median(empty):.1f} s, ratio {ratio:.2f}")
    with _server([sys.executable, "app.py"]) as (process, url, _):
        print(f"idle: {_memory(process.pid, 'VmRSS'):.0f} MB (empty app {empty_idle:.0f} MB)")
        client = Client(url, verbose=False)
        for megapixels in (1, 12):
            _try_on(client, megapixels)
            print(
                f"peak after a {megapixels}-megapixel photo: {_memory(process.pid, 'VmHWM'):.0f} MB"
            )


@contextmanager
def _server(command: list[str]) -> Iterator[tuple[subprocess.Popen[bytes], str, float]]:
    """A server process, its URL, and the seconds until it answered."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "0"}
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        while True:
            try:
                with urllib.request.urlopen(url, timeout=5) as answer:
                    answer.read()
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.02)
        yield process, url, time.perf_counter() - started
    finally:
        process.terminate()
        process.wait()


def _memory(pid: int, field: str) -> float:
    """A line of /proc/PID/status in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith(field))
    return int(line.split()[1]) / 1024


def _try_on(client: Client, megapixels: float) -> None:
    photo = images.read(EXAMPLE)
    zoom = (megapixels * 1e6 / photo.pixels[..., 0].size) ** 0.5
    size = (round(photo.pixels.shape[1] * zoom), round(photo.pixels.shape[0] * zoom))
    large = images.read(np.asarray(cv2.resize(photo.pixels, size), np.uint8))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo.jpg"
        images.write(large, path)
        client.predict(photo=handle_file(path), frame="aviator", api_name="/try_on")


if __name__ == "__main__":
    main()
