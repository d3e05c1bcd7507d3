"""Runs a command in this process."""

from pathlib import Path

import pytest

from genapp import cli

REPOSITORY = Path(__file__).resolve().parents[2]

# What the stand-in try-on reports of a face.
FACE = {
    "pose": {"yaw": 1.5, "pitch": -2.0, "roll": 0.0},
    "pd_mm": {"value": 62.5, "error": 2.5},
    "face_width_mm": {"value": 140.0, "error": 6.0},
    "frame": {"name": "round", "width_mm": 138.0},
    "fit": "good",
    "scale": {"ruler": "iris", "error_percent": 4.5, "note": "By the irises."},
    "recommended": {"text": "52–55 □ 17–19, temples 140"},
    "shape": {"reason": "Your face is round."},
}


def run(*arguments: object) -> int:
    """The exit code, whichever way the command ends."""
    try:
        return cli.main([str(argument) for argument in arguments])
    except SystemExit as stop:
        return int(stop.code or 0)


def fails(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one line on stderr of a command that must fail as a user's mistake."""
    assert run(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "Traceback" not in captured.err
    return captured.err
