"""A fitted detector, in a file."""

from pathlib import Path

import numpy as np
import pytest

from genapp.errors import BadValue, UnreadablePicture
from genapp.registry.engines import Engines
from genapp.screening import Detector, load, outliers, save
from tests.screening.pictures import disc, stripes


def test_comes_back_as_it_was(detector: Detector, engines: Engines, tmp_path: Path) -> None:
    path = tmp_path / "discs.npz"
    save(detector, path)
    back = load(path)
    assert (back.name, back.names) == (detector.name, detector.names)
    pictures = [disc(300), stripes(5)]
    one, other = (
        outliers(pictures, reference=which, engines=engines) for which in (detector, path)
    )
    for first, second in zip(one.images, other.images, strict=True):
        assert first.p_values == second.p_values
        np.testing.assert_allclose(first.scores["features"], second.scores["features"], rtol=5e-3)
        np.testing.assert_allclose(first.heat.astype(float), second.heat.astype(float), atol=0.02)


def test_has_no_pickles(detector: Detector, tmp_path: Path) -> None:
    save(detector, tmp_path / "discs.npz")
    with np.load(tmp_path / "discs.npz", allow_pickle=False) as stored:
        assert all(stored[name].dtype != object for name in stored)


def test_another_ending(detector: Detector, tmp_path: Path) -> None:
    with pytest.raises(BadValue, match=r"End it in \.npz"):
        save(detector, tmp_path / "discs.zip")


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(UnreadablePicture):
        load(tmp_path / "missing.npz")


@pytest.mark.parametrize("what", ["text", "other", "pickle", "wrong shape", "not a number"])
def test_no_detector(what: str, detector: Detector, tmp_path: Path) -> None:
    path = tmp_path / "other.npz"
    save(detector, path)
    with np.load(path) as stored:
        arrays = dict(stored)
    if what == "text":
        path.write_text("no archive")
    elif what == "other":
        np.savez(path, numbers=np.zeros(3))
    elif what == "pickle":
        arrays["names"] = arrays["names"].astype(object)
        np.savez(path, **arrays)
    elif what == "wrong shape":
        np.savez(path, **{**arrays, "mean": arrays["mean"][:5]})
    else:
        np.savez(path, **{**arrays, "mean": arrays["mean"] * np.nan})
    with pytest.raises(BadValue, match="no detector"):
        load(path)
