"""`python -m genapp augment`."""

import json
import zipfile
from pathlib import Path

import pytest

from genapp import cli
from genapp.augmenting import parse_recipe


def test_writes_a_zip_and_its_recipe_makes_it_again(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, recipe = (tmp_path / name for name in ("a.zip", "b.zip", "r.yaml"))
    given = ["augment", str(folder), "--no-compare"]
    settings = ["--per-class", "2", "--seed", "5", "--size", "32", "--set", "mixing.cutmix=0.5"]
    assert cli.main([*given, "-o", str(first), *settings, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["outputs"] == [str(first)]
    assert report["classes"]["disc"] == {"source": 4, "new": 2}
    with zipfile.ZipFile(first) as archive:
        recipe.write_bytes(archive.read("recipe.yaml"))
    assert cli.main([*given, "-o", str(second), "--recipe", str(recipe)]) == 0
    assert "square  4         2" in capsys.readouterr().out
    assert first.read_bytes() == second.read_bytes()


def test_prints_a_recipe_and_draws_a_sheet(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["augment", str(folder)]
    assert cli.main([*given, "--print-recipe", "--set", "classic.flip=0"]) == 0
    recipe = parse_recipe(capsys.readouterr().out)
    assert (recipe.classic.flip, recipe.count) == (0, 8)
    sheet = tmp_path / "sheet.png"
    assert cli.main([*given, "-o", str(sheet), "--size", "32", "--count", "4"]) == 0
    assert sheet.is_file()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "The output (-o) is missing"),
        (["-o", "out.txt"], "not a format"),
        (["-o", "out.zip", "--set", "classic.rotat=3"], "Did you mean 'classic.rotate'"),
        (["-o", "out.zip", "--recipe", "missing.yaml"], "cannot be read"),
        (["-o", "out.zip", "--count", "0"], "count is 0"),
        (["-o", "missing/out.zip"], "does not exist"),
        (["-o", "out.zip", "--classes", "missing.csv"], "no file 'missing.csv'"),
    ],
)
def test_mistakes_are_one_line(
    options: list[str], said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["augment", str(folder), *options]) == 2
    assert said in capsys.readouterr().err.strip().splitlines()[-1]
