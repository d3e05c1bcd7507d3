"""What the Models tab shows: pictures and figures, without a browser."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import gradio as gr
import numpy as np
import pytest
from numpy.typing import NDArray

from genapp.families import SIZE, Gan, PixelCNN, Vae
from genapp.images import read, to_float
from genapp.registry.catalog import Catalog, Measure, load
from genapp.registry.engines import Engines
from genapp.ui import lab, lab_tab, lab_table

Array = NDArray[np.float32]


@pytest.fixture(scope="module")
def engines() -> Iterator[Engines]:
    with Engines(device="cpu") as pool:
        yield pool


@pytest.fixture(scope="module")
def models(engines: Engines) -> tuple[PixelCNN, Vae, Gan]:
    return lab.families(engines)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody watches."""
    monkeypatch.setattr(lab, "BETWEEN", 0)


# Pictures ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "columns", "rows"), [(1, 1, 1), (5, 3, 2), (4, 2, 2)])
def test_sheet(count: int, columns: int, rows: int) -> None:
    pictures = np.random.default_rng(0).random((count, SIZE, SIZE, 3)).astype(np.float32)
    sheet = lab.sheet(pictures, columns)
    step = SIZE * lab.SCALE + lab.GAP
    assert sheet.shape == (rows * step - lab.GAP, columns * step - lab.GAP, 3)
    for number, picture in enumerate(pictures):
        top, left = number // columns * step, number % columns * step
        shown = sheet[top : top + SIZE * lab.SCALE, left : left + SIZE * lab.SCALE]
        squares = shown.reshape(SIZE, lab.SCALE, SIZE, lab.SCALE, 3)
        assert (squares == np.rint(picture * 255)[:, None, :, None]).all()
    if columns > 1:
        assert (sheet[:, step - lab.GAP : step] == 255).all()


def test_painting_ends_with_the_models_faces(models: tuple[PixelCNN, Vae, Gan]) -> None:
    pixelcnn = models[0]
    looks = list(lab.painted(pixelcnn, [3, 8], 0.7))
    assert len(looks) == SIZE * SIZE // lab.EVERY
    assert [look.done for look in looks] == pytest.approx(np.linspace(0, 1, len(looks) + 1)[1:])
    assert looks[-1].pictures == pytest.approx(pixelcnn.sample([3, 8], temperature=0.7))
    half = looks[len(looks) // 2 - 1].pictures
    assert (half[:, : SIZE // 2] == looks[-1].pictures[:, : SIZE // 2]).all()
    assert not half[:, SIZE // 2 :].any()  # still black


def test_calm_faces_are_the_vaes_alone(models: tuple[PixelCNN, Vae, Gan]) -> None:
    _, vae, gan = models
    calm, grainy = (lab.drawn(vae, [3], 1, calm=calm).pictures for calm in (True, False))
    roughness = [np.abs(np.diff(pictures, axis=2)).mean() for pictures in (calm, grainy)]
    assert roughness[0] < roughness[1]
    drawn = lab.drawn(gan, [3], 0.8, calm=True)
    assert (drawn.pictures == gan.sample([3], temperature=0.8)).all()
    assert drawn.seconds > 0


@pytest.mark.parametrize("rows", [0, 1, 30, 31])
def test_painting_goes_on_with_a_picture(models: tuple[PixelCNN, Vae, Gan], rows: int) -> None:
    begun = np.full((1, SIZE, SIZE, 3), 128 / 255, np.float32)
    looks = list(lab.painted(models[0], [3], begun=begun, rows=rows))
    assert looks[-1].done == 1
    assert looks[-1].pictures[:, :rows] == pytest.approx(begun[:, :rows], abs=1e-6)
    assert looks[-1].pictures[:, rows:].std() > 0


def test_walk_leads_from_face_to_face(models: tuple[PixelCNN, Vae, Gan]) -> None:
    _, vae, gan = models
    way = lab.walk(vae, gan, 3, 8, [0, 0.1, 1])
    assert way.shape == (2, 3, SIZE, SIZE, 3)
    codes = np.stack([vae.code_of(3), vae.code_of(8)])
    assert way[0, [0, 2]] == pytest.approx(vae.decode(codes), abs=1e-4)
    assert way[1, [0, 2]] == pytest.approx(gan.sample([3, 8]), abs=1e-4)
    near, far = (np.abs(way[:, 1] - way[:, end]).mean((1, 2, 3)) for end in (0, 2))
    assert (near < far).all()


def test_reconstructions(models: tuple[PixelCNN, Vae, Gan]) -> None:
    """Without its code a picture has no say; with all of it, it comes back."""
    vae, gan = models[1:]
    first, second = (lab.reconstructions(vae, gan.sample([seed])) for seed in (1, 2))
    assert len(first) == vae.parts + 1
    assert (first[0] == second[0]).all()
    wrong = [np.abs(first - gan.sample([seed])).mean((1, 2, 3)) for seed in (1, 2)]
    assert wrong[0][-1] < wrong[0][0]
    assert wrong[0][-1] < wrong[1][-1]


# A visitor's photo ---------------------------------------------------------------------------


def test_largest_face_is_cut_out(engines: Engines, portrait: Path) -> None:
    """Wherever it is in the photo, and however it is turned."""
    pixels = read(portrait).pixels
    whole, _ = lab.seen(read(portrait), engines)
    wide = np.pad(pixels, ((0, 0), (0, 600), (0, 0)), constant_values=128)
    turned = cv2.warpAffine(
        pixels,
        cv2.getRotationMatrix2D((384, 480), 15, 1),
        (768, 960),
        borderValue=(128, 128, 128),
    )
    for other in (wide, np.asarray(turned, np.uint8)):
        picture, is_face = lab.seen(read(other), engines)
        assert is_face
        inner = (slice(None), slice(8, 24), slice(8, 24))
        assert np.abs(picture[inner] - whole[inner]).mean() < 0.04


def test_photo_with_a_face(engines: Engines, portrait: Path) -> None:
    picture, is_face = lab.seen(read(portrait), engines)
    assert is_face
    assert picture.shape == (1, SIZE, SIZE, 3)


def test_photo_without_a_face(engines: Engines, tmp_path: Path) -> None:
    pixels = np.zeros((90, 60, 3), np.uint8)
    pixels[15:75] = 200
    photo = read(pixels)
    picture, is_face = lab.seen(photo, engines)
    assert not is_face
    assert picture == pytest.approx(float(to_float(photo.pixels)[40, 30, 0]))


# Figures -------------------------------------------------------------------------------------


def with_measures(name: str, *measures: Measure) -> Catalog:
    """The catalogue, in which that entry has these measures and the others none."""
    catalog = load()
    return Catalog(
        tuple(
            replace(model, measures=measures if model.name == name else ())
            for model in catalog.models
        )
    )


def rows_of(text: str) -> dict[str, list[str]]:
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]
    return {line[0]: line[1:] for line in lines}


@pytest.mark.parametrize("number", range(len(lab_table.COLUMNS)))
def test_figures_are_the_catalogues(number: int) -> None:
    value = 2.718281
    for label, what in lab_table.ROWS:
        measure = Measure(f"{what}; other real faces: 1.5", value, "some unit", "python measure.py")
        catalog = with_measures(lab_table.COLUMNS[number].entries[0], measure)
        row = rows_of(lab_table.table(catalog))[label]
        likelihood = what == lab_table.LIKELIHOOD
        expected = ["not measured"] * 2 + ["–" if likelihood else "not measured", "1.5"]
        if not (number == 2 and likelihood):
            expected[number] = "≤ 2.72" if number == 1 and likelihood else "2.72"
        assert row == expected
        told = lab_table.sources(catalog)
        assert told.count("python measure.py") == 1
        assert "2.71828 some unit" in told


def test_what_nobody_measured_is_left_out() -> None:
    rows = rows_of(lab_table.table(with_measures("none")))
    assert not {label for label, _ in lab_table.ROWS} & rows.keys()
    assert rows["Tells how likely a picture is"][:3] == [
        column.likelihood for column in lab_table.COLUMNS
    ]


def test_the_benchmark_writes_what_the_table_reads() -> None:
    pytest.importorskip("torch")
    import families

    row = families.Row("x", 1.0, 0.5, 0.4, 0.1, bits=3.0, seconds=0.2)
    written = [
        what for bound in (True, False) for what, _, _ in families.figures(row, row, 9, bound=bound)
    ]
    for _, what in lab_table.ROWS:
        assert sum(one.startswith(what) for one in written) == 2


def test_every_family_is_in_the_catalogue() -> None:
    assert {name for column in lab_table.COLUMNS for name in column.entries} <= set(load().names)


def test_sizes_are_those_of_the_files() -> None:
    catalog = load()
    sizes = rows_of(lab_table.table(catalog))["Size, MB"]
    for column, size in zip(lab_table.COLUMNS, sizes[:3], strict=True):
        bytes_ = sum(catalog.get(name).bytes or 0 for name in column.entries)
        assert float(size) == pytest.approx(bytes_ / 1e6, abs=0.05)


def test_oddities_are_judged(models: tuple[PixelCNN, Vae, Gan]) -> None:
    oddities = dict(lab.oddities())
    assert not np.ptp(oddities["plain grey"])
    pixelcnn, vae, gan = models
    judged = lab.bits([pixelcnn, vae, gan], [oddities["noise"], oddities["plain grey"]])
    for noise, grey in zip(judged[0][:2], judged[1][:2], strict=True):
        assert noise is not None
        assert grey is not None
        assert grey < noise
    assert [row[2] for row in judged] == [None, None]


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ((lab_tab.FACES, "noise"), "faces are the likeliest"),
        (("grey", lab_tab.FACES, "noise"), "<b>grey</b> is likelier than faces"),
        (("grey", "slope", lab_tab.FACES), "<b>grey and slope</b> are likelier than faces"),
    ],
)
def test_verdict(order: tuple[str, ...], words: str) -> None:
    assert words in lab_tab._verdict([(name, 1.0) for name in order])


# What the page gets --------------------------------------------------------------------------


def test_quick_models_first_then_the_painting(engines: Engines) -> None:
    shown = list(lab_tab._draw(engines, 3, 1.0, False))
    assert shown[0][0] is None
    assert all(isinstance(sheet, np.ndarray) for sheet in shown[0][1:3])
    paintings = [answer[0] for answer in shown[1:-1]]
    assert len(paintings) == SIZE * SIZE // lab.EVERY
    assert all((now != before).any() for before, now in pairwise(paintings))
    facts = shown[-1][3]
    assert all(name in facts for name in ("Autoregressive", "VAE", "GAN"))


def test_seeds_go_on_where_they_ended(engines: Engines) -> None:
    assert lab_tab._other_seed(1) == 1 + lab_tab.COUNT
    assert 0 <= lab_tab._other_seed(lab_tab.MOST_SEED) <= lab_tab.MOST_SEED


def test_opened_again_it_does_not_draw_again(engines: Engines) -> None:
    (answer,) = lab_tab._first_draw(engines, 1, 1, False, "a picture")
    assert answer == [gr.skip()] * 5


def test_a_model_that_is_missing(engines: Engines) -> None:
    """The page says so."""
    without = Catalog(tuple(m for m in engines.catalog.models if not m.name.startswith("faces/")))
    (answer,) = lab_tab._draw(Engines(without, engines.store, device="cpu"), 1, 1.0, False)
    assert answer[:3] == (None, None, None)
    assert "There is no model named 'faces/" in answer[3]
