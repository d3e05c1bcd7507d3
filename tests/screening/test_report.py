"""Tables, histograms and heat maps."""

import csv
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from genapp.errors import BadValue
from genapp.registry.engines import Engines
from genapp.screening import (
    Detector,
    Outliers,
    csv_text,
    heat_picture,
    histogram,
    outliers,
    write_report,
)


@pytest.fixture(scope="module")
def result(mixed: Path, detector: Detector, engines: Engines) -> Outliers:
    return outliers(mixed, reference=detector, engines=engines)


def test_table(result: Outliers) -> None:
    rows = list(csv.DictReader(io.StringIO(csv_text(result))))
    assert [row["outlier"] for row in rows] == ["yes"] * 2 + ["no"] * 4
    scores = [float(row["score"]) for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert rows[0]["nearest"].startswith("disc-")


def test_names_are_no_formulae(result: Outliers) -> None:
    evil = replace(result, images=(replace(result.images[0], name="=1+1.png"),))
    assert csv_text(evil).splitlines()[1].startswith("'=1+1.png,")


def test_histogram_has_bars_and_a_threshold(result: Outliers) -> None:
    root = ElementTree.fromstring(histogram(result))
    kinds = [element.tag.rpartition("}")[2] for element in root]
    assert kinds.count("rect") > 6
    assert "threshold" in histogram(result)
    # One that no score can pass can't be drawn.
    assert "threshold 1" not in histogram(result.at(false_alarm=0.01))
    ElementTree.fromstring(histogram(result.at(false_alarm=0.01)))


def test_heat_is_red_where_it_is_hot() -> None:
    grey = np.full((56, 70, 3), 120, np.uint8)
    heat = np.zeros((14, 14), np.float16)
    cold = heat_picture(grey, heat)
    np.testing.assert_allclose(cold, grey, atol=1)
    heat[:7] = 1
    hot = heat_picture(grey, heat).astype(int)
    assert (hot[:20, :, 0] - hot[:20, :, 1]).min() > 60
    np.testing.assert_allclose(hot[40:], 120, atol=8)


def test_zip(result: Outliers, mixed: Path, tmp_path: Path) -> None:
    write_report(result, mixed, tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        names = archive.namelist()
        assert json.loads(archive.read("outliers.json"))["images"][0]["file"] == "new-0.png"
    assert {"outliers.csv", "outliers.json", "histogram.svg"} < set(names)
    assert sum(name.startswith("heat/") for name in names) == len(result.found)


@pytest.mark.parametrize("name", ["out.csv", "out.json", "out.svg"])
def test_files(name: str, result: Outliers, mixed: Path, tmp_path: Path) -> None:
    write_report(result, mixed, tmp_path / name)
    assert (tmp_path / name).stat().st_size > 100


@pytest.mark.parametrize("name", ["out", "out.png", "nowhere/out.csv"])
def test_places_that_make_no_sense(
    name: str, result: Outliers, mixed: Path, tmp_path: Path
) -> None:
    with pytest.raises(BadValue):
        write_report(result, mixed, tmp_path / name)
