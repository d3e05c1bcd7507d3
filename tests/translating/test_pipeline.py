"""From photo to painting: what is kept, what changes, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from genapp.errors import BadValue, Cancelled, NoFace, OutOfMemory, UnknownName
from genapp.images import Photo
from genapp.registry.engines import Engines
from genapp.translating import (
    Finish,
    finish,
    make_plan,
    paint,
    pipeline,
    read_styles,
    tiles,
    translate,
)

FACES = Path(__file__).parents[3] / "shared" / "data" / "faces"


@pytest.fixture(scope="module")
def engines() -> Engines:
    return Engines(device="cpu")


def scene(height: int = 70, width: int = 90) -> NDArray[np.uint8]:
    y, x = np.mgrid[0:height, 0:width]
    waves = 127 + 90 * np.sin(x / 7) * np.cos(y / 9)
    return np.stack([waves, 255 - waves, x * 255 / width], axis=-1).astype(np.uint8)


def test_depth_alpha_and_metadata_are_kept(engines: Engines) -> None:
    alpha = np.full((70, 90), 65535, np.uint16)
    alpha[:20] = 0
    deep = Photo(scene().astype(np.uint16) * 257, alpha, icc=b"profile", name="sea")
    result = translate(deep, "embers", detail=96, engines=engines)
    assert result.photo.pixels.dtype == np.uint16
    assert result.photo.pixels.shape == (70, 90, 3)
    np.testing.assert_array_equal(result.photo.alpha, alpha)
    assert result.photo.icc == b"profile"
    assert result.photo.name == "sea-embers"
    assert np.abs(result.photo.pixels - deep.pixels.astype(float)).mean() > 3000


def test_what_is_hidden_does_not_show(engines: Engines) -> None:
    """The colour under transparent parts leaves no trace beside them."""
    alpha = np.full((70, 90), 255, np.uint8)
    alpha[:, :30] = 0
    paintings = []
    for hidden in (0, 255):
        pixels = scene()
        pixels[:, :30] = hidden
        photo = Photo(pixels, alpha)
        paintings.append(translate(photo, "ink-wash", detail=96, engines=engines).photo.pixels)
    np.testing.assert_array_equal(paintings[0][:, 30:], paintings[1][:, 30:])


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (200, 32)])
def test_small_sizes(engines: Engines, size: tuple[int, int]) -> None:
    result = translate(scene(*size), "embers", detail=128, engines=engines)
    assert result.photo.pixels.shape == (*size, 3)


def test_a_large_photo_gets_fine_strokes_too(engines: Engines) -> None:
    """Resampled, a painting of a third of the size has no detail as small as a pixel."""
    large = scene(210, 270)
    soft, fine = (
        translate(large, "blue-strokes", detail=90, refine=refine, engines=engines)
        for refine in (False, True)
    )
    assert (soft.recipe["refine"], fine.recipe["refine"]) == (False, True)
    soft_steps, fine_steps = (
        np.abs(np.diff(result.photo.pixels.astype(float), axis=1)).mean() for result in (soft, fine)
    )
    assert fine_steps > 1.3 * soft_steps


def test_strength_goes_from_photo_to_painting(engines: Engines) -> None:
    photo = Photo(scene())
    styles = read_styles("blue-strokes")
    painted = paint(photo, styles, make_plan((90, 70), detail=90), engines)
    steps = [
        finish(painted, Finish(strength)).photo.pixels.astype(float)
        for strength in (0.0, 0.25, 0.5, 1.0)
    ]
    np.testing.assert_array_equal(steps[0], photo.pixels)
    far = [np.abs(step - photo.pixels).mean() for step in steps]
    assert far == sorted(far)
    assert far[1] == pytest.approx(far[3] / 4, abs=0.5)


def test_my_colours_stay(engines: Engines) -> None:
    photo = Photo(scene())
    styles = read_styles("embers")
    painted = paint(photo, styles, make_plan((90, 70), detail=90), engines)
    painting, kept = (
        finish(painted, Finish(keep_colors=keep)).photo.pixels.astype(float)
        for keep in (False, True)
    )
    # Embers are red: green and blue are gone without, and as in the photo with.
    assert np.corrcoef(painting[..., 2].ravel(), photo.pixels[..., 2].ravel())[0, 1] < 0.5
    assert np.corrcoef(kept[..., 2].ravel(), photo.pixels[..., 2].ravel())[0, 1] > 0.7
    assert np.abs(kept.mean() - photo.pixels.mean()) < 15


def test_a_mask_keeps_the_rest(engines: Engines) -> None:
    photo = Photo(scene())
    styles = read_styles("embers")
    painted = paint(photo, styles, make_plan((90, 70), detail=90), engines)
    mask = np.zeros((70, 90), np.uint8)
    mask[:, 45:] = 255
    everything = finish(painted, Finish()).photo.pixels
    half = finish(painted, Finish(), mask=mask).photo.pixels
    np.testing.assert_array_equal(half[:, :45], photo.pixels[:, :45])
    np.testing.assert_array_equal(half[:, 45:], everything[:, 45:])


def test_a_style_is_weaker_on_faces(engines: Engines) -> None:
    photo = Photo(scene())
    styles = read_styles("embers")
    painted = paint(photo, styles, make_plan((90, 70), detail=90), engines)
    faces = np.zeros((70, 90), np.uint8)
    faces[:, 45:] = 255
    everywhere, half, none = (
        finish(painted, Finish(1.0, face_strength=part), faces=faces).photo.pixels.astype(float)
        for part in (1.0, 0.5, 0.0)
    )
    np.testing.assert_array_equal(none[:, :45], everywhere[:, :45])
    np.testing.assert_array_equal(none[:, 45:], photo.pixels[:, 45:])
    assert np.abs(half[:, 45:] - (everywhere + photo.pixels)[:, 45:] / 2).max() <= 1


def test_a_blend_of_two_networks_is_the_mean_of_both(engines: Engines) -> None:
    own = Photo(scene(64, 64)[:, ::-1].copy(), name="own")
    options = {"detail": 90, "strength": 1.0, "engines": engines}
    one, two, both = (
        translate(scene(), style, **options).photo.pixels.astype(float)  # type: ignore[arg-type]
        for style in ("embers", own, {"embers": 1, own: 3})
    )
    assert np.abs(both - (0.25 * one + 0.75 * two)).max() <= 2
    assert np.abs(one - two).mean() > 10


def test_the_recipe_gives_the_same_again(engines: Engines) -> None:
    first = translate(
        scene(), {"embers": 2, "ink-wash": 1}, strength=0.7, detail=80, engines=engines
    )
    recipe = first.recipe
    assert recipe["style"] == {"embers": 0.6667, "ink-wash": 0.3333}
    assert recipe["models"] == ["translate/stylizer.multi26"]
    keys = ("strength", "face_strength", "keep_colors", "region", "detail")
    again = translate(
        scene(), recipe["style"], **{key: recipe[key] for key in keys}, engines=engines
    )
    far = np.abs(again.photo.pixels.astype(int) - first.photo.pixels)
    assert far.max() <= 1
    assert first.report().keys() == {"model", "size", "ran_on", "timings_ms", "recipe"}


def test_smaller_tiles_where_memory_is_short(
    engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = tiles.paint_tiles
    asked: list[int] = []

    def short(*arguments: object, tile: int, **options: object) -> object:
        asked.append(tile)
        if tile > 200:
            raise OutOfMemory("Too little.", "Close something.")
        return real(*arguments, tile=tile, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline, "paint_tiles", short)
    translate(scene(), "embers", detail=90, engines=engines)
    assert asked == [768, 384, 192]


def test_it_can_be_stopped(engines: Engines) -> None:
    def stop(done: float, what: str, seconds_left: float | None) -> None:
        raise Cancelled("Stopped.", "Start again.")

    with pytest.raises(Cancelled):
        translate(scene(), "embers", detail=90, progress=stop, engines=engines)


def test_mistakes(engines: Engines) -> None:
    with pytest.raises(UnknownName, match="style"):
        translate(scene(), "oil", engines=engines)
    with pytest.raises(BadValue, match="strength"):
        translate(scene(), "embers", strength=1.5, engines=engines)
    with pytest.raises(BadValue, match="region"):
        translate(scene(), "embers", region="sky", engines=engines)
    with pytest.raises(BadValue, match="90×20"):
        translate(scene(20, 90), "embers", engines=engines)
    with pytest.raises(NoFace, match="No face"):
        translate(scene(), "embers", region="face", detail=90, engines=engines)


@pytest.mark.skipif(not FACES.is_dir(), reason="no pictures of faces here")
def test_regions_of_a_face(engines: Engines) -> None:
    from genapp.images import read

    photo = read(FACES / "faker-female-030.jpg")
    everything, face, background = (
        translate(photo, "embers", detail=224, face_strength=1, region=region, engines=engines)
        for region in ("all", "face", "background")
    )
    nose, corner = (slice(180, 200), slice(200, 220)), (slice(0, 20), slice(0, 20))
    for place, painted, kept in ((nose, face, background), (corner, background, face)):
        np.testing.assert_array_equal(painted.photo.pixels[place], everything.photo.pixels[place])
        np.testing.assert_array_equal(kept.photo.pixels[place], photo.pixels[place])
