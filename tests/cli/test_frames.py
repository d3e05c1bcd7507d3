"""`python -m genapp frames`."""

import json

import pytest

from genapp.tryon import frame_names
from tests.cli.command import run


def test_frames_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("frames", "list", "--json") == 0
    frames = json.loads(capsys.readouterr().out)["frames"]
    assert [frame["name"] for frame in frames] == frame_names()
    assert run("frames", "list") == 0
    assert len(capsys.readouterr().out.splitlines()) == len(frames) + 1
