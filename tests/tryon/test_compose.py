"""Only what the frame covers or shades changes, and lenses darken as much as they should."""

import numpy as np
import pytest

from genapp.images import Pixels
from genapp.tryon.arrays import Array
from genapp.tryon.compose import SHADOW_ROOM, compose
from genapp.tryon.fit import wear
from genapp.tryon.frames import load_frame
from genapp.tryon.grain import CLEAN
from genapp.tryon.head import SINK, head_surface
from genapp.tryon.light import Light
from genapp.tryon.pose import Canonical, Head, find_head
from genapp.tryon.render import Box, Layer, Look, Relief, frame_box, render
from tests.tryon.faces import SIZE, photograph


@pytest.fixture
def head(canonical: Canonical, face: Array) -> Head:
    return find_head(photograph(face, scale=2.0), canonical, SIZE, None)


def noise(dtype: type[np.uint8] | type[np.uint16] = np.uint8) -> Pixels:
    top = np.iinfo(dtype).max
    random = np.random.default_rng(0)
    return random.integers(0, top, (SIZE[1], SIZE[0], 3), endpoint=True, dtype=dtype)


def layer_of(box: Box, through: float, add: float, gap: float = 8.0) -> Layer:
    """The same everywhere, `gap` mm before the skin."""
    shape = (box[3] - box[1], box[2] - box[0])
    full = np.ones((*shape, 3), np.float32)
    flat = np.zeros(shape, np.float32)
    relief = Relief(flat - gap - SINK, flat - gap - SINK, flat, flat)
    return Layer(box, through * full, add * full, relief)


def test_layer_that_does_nothing_changes_nothing(head: Head, light: Light) -> None:
    pixels = noise()
    before = pixels.copy()
    compose(pixels, layer_of((200, 100, 600, 400), 1, 0), head, light, CLEAN)
    assert np.array_equal(pixels, before)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("box", [(300, 150, 420, 260), (0, 0, 300, 200), (500, 300, 800, 600)])
def test_far_pixels_stay_bit_by_bit(
    head: Head, light: Light, dtype: type[np.uint8] | type[np.uint16], box: Box
) -> None:
    pixels = noise(dtype)
    before = pixels.copy()
    compose(pixels, layer_of(box, 0.5, 0.1), head, light, CLEAN)
    room = int(SHADOW_ROOM * head.view.scale) + 2
    x0, y0, x1, y1 = box
    far = np.ones(pixels.shape[:2], bool)
    far[max(y0 - room, 0) : y1 + room, max(x0 - room, 0) : x1 + room] = False
    assert np.array_equal(pixels[far], before[far])
    assert not np.array_equal(pixels[y0:y1, x0:x1], before[y0:y1, x0:x1])


def test_pixels_of_the_box_that_nothing_covers_stay(head: Head, light: Light) -> None:
    layer = layer_of((200, 100, 600, 500), 1, 0, gap=SHADOW_ROOM + 1)
    layer.through[300:310, 300:310] = 0.2
    pixels = noise()
    before = pixels.copy()
    compose(pixels, layer, head, light, CLEAN)
    changed = (pixels != before).any(2)
    assert changed[400:410, 500:510].any()
    changed[400:410, 500:510] = False
    assert not changed.any()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_light_is_multiplied_and_added_in_linear_light(
    head: Head, light: Light, dtype: type[np.uint8] | type[np.uint16]
) -> None:
    """Half of middle grey (0.2140 linear) plus 0.2 is 0.3070 linear, 0.5917 in sRGB."""
    top = np.iinfo(dtype).max
    pixels = np.full((SIZE[1], SIZE[0], 3), round(top * 0.5), dtype)
    compose(pixels, layer_of((10, 10, 20, 20), 0.5, 0.2), head, light, CLEAN)
    assert pixels[15, 15] / top == pytest.approx(0.5917, abs=0.004)


def test_light_beyond_white_is_white(head: Head, light: Light) -> None:
    pixels = noise()
    compose(pixels, layer_of((10, 10, 20, 20), 1, 4), head, light, CLEAN)
    assert (pixels[10:20, 10:20] == 255).all()


def test_both_depths_give_the_same_picture(head: Head, light: Light) -> None:
    shallow = noise()
    deep = shallow.astype(np.uint16) * 257
    layer = layer_of((300, 150, 500, 300), 0.4, 0.05)
    compose(shallow, layer, head, light, CLEAN)
    compose(deep, layer, head, light, CLEAN)
    assert np.abs(shallow - deep / 257).max() <= 1


def shadow(head: Head, light: Light, through: float | Array = 0.0, gap: float = 8.0) -> Array:
    """How much darker grey skin is around and under something that covers x 380-420, y 280-320:
    H×W×3 levels, 0 on the thing itself."""
    layer = layer_of((380, 280, 420, 320), 1, 0, gap)
    layer.through[:] = through
    pixels = np.full((SIZE[1], SIZE[0], 3), 128, np.uint8)
    compose(pixels, layer, head, light, CLEAN)
    darker = 128.0 - pixels
    darker[280:320, 380:420] = 0
    return darker


def lamp(x: float, y: float) -> Light:
    direction = np.array([x, y, -0.53], np.float32)
    return Light(np.ones(3, np.float32), direction / np.linalg.norm(direction), 0.9)


def test_shadow_falls_on_the_skin_away_from_the_lamp(head: Head) -> None:
    """The lamp is above and on the viewer's left, so the shadow is below and to the right."""
    darker = shadow(head, lamp(-0.6, -0.6))[..., 0]
    y, x = np.nonzero(darker > 0)
    weight = darker[y, x]
    assert np.average(x, weights=weight) > 405
    assert np.average(y, weights=weight) > 305
    assert 10 < darker.max() < 70  # It is a shadow, no hole.


def test_shadow_of_what_touches_the_skin_stays_beside_it(head: Head) -> None:
    """Pads and ends of temples lie on the skin, lenses stand out."""

    def reach(gap: float) -> int:
        return int(np.nonzero(shadow(head, lamp(0, -0.6), gap=gap)[..., 0] > 2)[0].max())

    assert reach(0.5) < reach(4.0) < reach(12.0)


def test_tinted_lens_casts_a_tinted_shadow(head: Head) -> None:
    red, green, blue = shadow(head, lamp(0, -0.6), np.array([0.9, 0.5, 0.1])).sum((0, 1))
    assert red < green < blue


def test_shadow_does_not_fall_beside_the_face(head: Head, light: Light) -> None:
    pixels = noise()
    before = pixels.copy()
    compose(pixels, layer_of((20, 20, 80, 80), 0.999, 0), head, light, CLEAN)
    assert np.array_equal(pixels, before)


@pytest.mark.parametrize("scale", [0.3, 2.0, 30.0])
@pytest.mark.parametrize("box", [(0, 0, 1, 300), (0, 0, 400, 1), (799, 599, 800, 600)])
def test_sliver_of_a_frame_at_the_edge(
    canonical: Canonical, face: Array, light: Light, scale: float, box: Box
) -> None:
    head = find_head(photograph(face, scale=scale), canonical, SIZE, None)
    pixels = noise()
    compose(pixels, layer_of(box, 0, 0), head, light, CLEAN)
    x0, y0, x1, y1 = box
    assert (pixels[y0:y1, x0:x1] == 0).all()


def lens_brightness(head: Head, light: Light, look: Look) -> float:
    """What remains of a grey photo's linear light in the middle of the lenses."""
    frame = load_frame("wayfarer")
    opaque, lenses = wear(frame, head)
    box = frame_box(opaque, lenses, head.view, SIZE)
    assert box is not None
    layer = render(opaque, lenses, head_surface(head), head.view, box, light, look)
    pixels = np.full((SIZE[1], SIZE[0], 3), 188, np.uint8)  # 0.503 in linear light.
    compose(pixels, layer, head, light, CLEAN)
    x, y = np.rint(head.view.project(head.to_camera(head.face[[468, 473]])) - 0.5).astype(int).T
    patches = [pixels[b - 3 : b + 4, a - 3 : a + 4] for a, b in zip(x, y, strict=True)]
    return float((np.mean(patches) / 255) ** 2.2 / 0.503)


def test_clear_lens_darkens_next_to_nothing_and_a_full_one_by_more_than_half(
    head: Head, light: Light
) -> None:
    assert lens_brightness(head, light, Look("#101010", 0.0, 0.0)) == pytest.approx(1, abs=0.12)
    assert lens_brightness(head, light, Look("#101010", 1.0, 0.0)) < 0.5
