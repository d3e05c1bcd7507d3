"""`python -m genapp outliers`."""

import json
from pathlib import Path

import pytest

from genapp import cli
from genapp.screening import load


def test_finds_saves_and_goes_on_with_what_was_saved(
    mixed: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    detector, table = tmp_path / "discs.npz", tmp_path / "table.csv"
    given = ["outliers", str(mixed), "--reference"]
    fitting = [str(folder), "--save-detector", str(detector), "-o", str(table)]
    assert cli.main([*given, *fitting]) == 0
    printed = capsys.readouterr().out
    assert "2 of 6 are outliers at a false-alarm rate of 0.05" in printed
    assert "ranks among 32 held-out pictures" in printed
    assert table.read_text().splitlines()[1].startswith("stripes-")
    assert len(load(detector).names) == 32

    assert cli.main([*given, str(detector), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert {"images", "threshold", "reference"} <= report.keys()
    flagged = {image["file"] for image in report["images"] if image["outlier"]}
    assert flagged == {"stripes-0.png", "stripes-1.png"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-o", "out.png"], "End it in .csv"),
        (["--save-detector", "out.npz"], "without --reference"),
        (["--score", "nonsense"], "There is no score named 'nonsense'"),
        (["--also", "elbo,nonsense"], "There is no score named 'nonsense'"),
        (["--false-alarm", "2"], "false-alarm rate"),
        (["--reference", "missing"], "no folder or file 'missing'"),
    ],
)
def test_mistakes_are_one_line(
    options: list[str], said: str, mixed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["outliers", str(mixed), *options]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert said in lines[-1]


def test_too_few_in_the_reference(mixed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["outliers", str(mixed), "--reference", str(mixed)]) == 2
    assert "Give at least 30" in capsys.readouterr().err


def test_a_picture_that_cannot_be_read_is_told_at_the_end(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "good.png").write_bytes((folder / "disc-00.png").read_bytes())
    (tmp_path / "bad.png").write_bytes(b"no picture")
    assert cli.main(["outliers", str(tmp_path), "--reference", str(folder)]) == 2
    told = capsys.readouterr()
    assert "good.png" in told.out
    assert "1 failed" in told.err
