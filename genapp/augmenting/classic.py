"""Classic transforms by torchvision (transforms v2): boxes and masks follow.

All geometry is one resampling: the window that is seen is a quadrilateral in the picture. Its
numbers are drawn here, so that nothing touches torch's own random numbers and the manifest can name
them. Beyond its edges a picture goes on mirrored; where the recipe lets enough be cut away, a
turned window is made small enough to stay inside.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from genapp.augmenting.draws import Draws
from genapp.augmenting.recipe import Classic
from genapp.augmenting.sample import Pixels, Sample, Step
from genapp.augmenting.sources import Box
from genapp.errors import BadValue
from genapp.images import Photo, encode, read

if TYPE_CHECKING:
    from torch import Tensor

Points = NDArray[np.float64]
Size = tuple[int, int]
"""Width and height, px."""

VISIBLE = 0.25
"""Share of a box that must still be seen for it to be kept."""
SMALLEST_BOX = 2
"""px."""


@dataclass(frozen=True, eq=False)
class Window:
    """What is seen of a picture."""

    corners: Points
    """4×2 in the picture, px: those that become top left, top right, bottom right, bottom left."""
    size: Size
    """Of the result."""
    steps: tuple[Step, ...] = ()


def apply(sample: Sample, settings: Classic, draws: Draws, size: Size | None) -> Sample:
    """The picture, changed at random.

    Args:
        sample: a picture.
        settings: how much may change.
        draws: the random numbers.
        size: of the result, px; None: as large as the picture.

    Raises:
        BadValue: torch and torchvision are not installed.
    """
    if not draws.chance("classic", settings.probability):
        return fitted(sample, size)
    height, width = sample.pixels.shape[:2]
    window = draw_window((width, height), settings, draws, size or (width, height))
    return _lit(_seen(sample, window), settings, draws)


def fitted(sample: Sample, size: Size | None) -> Sample:
    """The middle of a picture at a size, px; None leaves it as it is."""
    height, width = sample.pixels.shape[:2]
    if size is None or size == (width, height):
        return sample
    half = np.array(_largest((width, height), size)) / 2
    middle = np.array([width, height]) / 2
    corners = middle + half * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    return _seen(sample, Window(corners, size))


# Geometry ----------------------------------------------------------------------------------------


def draw_window(picture: Size, settings: Classic, draws: Draws, size: Size) -> Window:
    """What of a picture is seen, at random.

    Args:
        picture: its size.
        settings: how much may change.
        draws: the random numbers.
        size: of the result; its proportions are those of the window.
    """
    steps: list[Step] = []
    angle = draws.both_ways("rotate", settings.rotate)
    slant = draws.both_ways("shear", settings.shear)
    wider = 1 + draws.both_ways("stretch", settings.stretch)
    turn = _matrix(angle, slant) @ np.diag([1 / math.sqrt(wider), math.sqrt(wider)])
    jitter = np.array(
        [[draws.uniform(f"corner {number} {axis}") for axis in "xy"] for number in range(4)]
    )
    # Corners move inwards alone: the picture is seen from aside, and nothing lies beyond it.
    unit = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float64)
    unit *= 1 - settings.perspective * jitter
    half = np.array(_largest(picture, size)) / 2
    shape = (unit * half) @ turn.T
    low, high = shape.min(0), shape.max(0)
    # The window that fits into the picture, if so much may be cut away.
    fits = min(1.0, float((np.array(picture) / (high - low)).min()))
    share = 1 - settings.crop * draws.uniform("crop")
    share = max(1 - settings.crop, min(share, fits**2))
    shape, low, high = (math.sqrt(share) * each for each in (shape, low, high))
    room = np.maximum(np.array(picture) - (high - low), 0)
    where = np.array([draws.uniform("left"), draws.uniform("top")])
    spare = np.array(picture) - (high - low)
    corners = shape - low + np.where(spare > 0, room * where, spare / 2)
    if settings.crop:
        steps.append(Step("crop", round(1 - share, 3)))
    for name, value, most in (
        ("rotate", angle, settings.rotate),
        ("shear", slant, settings.shear),
        ("stretch", wider, settings.stretch),
    ):
        if most:
            steps.append(Step(name, round(value, 3)))
    if settings.perspective:
        steps.append(Step("perspective", round(float(jitter.max() * settings.perspective), 3)))
    if draws.chance("flip", settings.flip):
        corners = corners[[1, 0, 3, 2]]
        steps.append(Step("flip"))
    if draws.chance("flip vertical", settings.flip_vertical):
        corners = corners[[3, 2, 1, 0]]
        steps.append(Step("flip_vertical"))
    return Window(corners, size, tuple(steps))


def _matrix(angle: float, slant: float) -> Points:
    """Turns and slants."""
    turn, lean = math.radians(angle), math.tan(math.radians(slant))
    turned = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    return np.asarray(turned @ np.array([[1, lean], [0, 1]]))


def _largest(picture: Size, size: Size) -> tuple[float, float]:
    """Width and height of the largest part of a picture that has the proportions of `size`."""
    scale = min(picture[0] / size[0], picture[1] / size[1])
    return size[0] * scale, size[1] * scale


def _seen(sample: Sample, window: Window) -> Sample:
    """What is in the window, at its size."""
    tv, functional = torchvision_parts()
    height, width = sample.pixels.shape[:2]
    corners = window.corners
    # The window at the size of the result: after this, one pixel is about one pixel.
    across = (np.hypot(*(corners[1] - corners[0])) + np.hypot(*(corners[2] - corners[3]))) / 2
    down = (np.hypot(*(corners[3] - corners[0])) + np.hypot(*(corners[2] - corners[1]))) / 2
    scale = np.array([window.size[0] / across, window.size[1] / down])
    # A turned window mixes both scales.
    if not _is_upright(corners):
        scale = np.full(2, math.sqrt(scale.prod()))
    resized = [max(1, round(height * scale[1])), max(1, round(width * scale[0]))]
    parts: list[Any] = [_image(sample.pixels)]
    if sample.boxes:
        edges = [[box.left, box.top, box.right, box.bottom] for box in sample.boxes]
        parts.append(tv.BoundingBoxes(edges, format="XYXY", canvas_size=(height, width)))
    if sample.mask is not None:
        parts.append(tv.Mask(_image(sample.mask)))
    points = corners * [resized[1] / width, resized[0] / height]
    low, high = np.floor(points.min(0)).astype(int), np.ceil(points.max(0)).astype(int)
    high = np.maximum(high, low + window.size)
    goal = [[0, 0], [window.size[0], 0], list(window.size), [0, window.size[1]]]
    bicubic, nearest = functional.InterpolationMode.BICUBIC, functional.InterpolationMode.NEAREST
    made = []
    for part in parts:
        is_mask = isinstance(part, tv.Mask)
        how = {"interpolation": nearest if is_mask else bicubic, "antialias": True}
        seen = functional.resize(part, resized, **how) if resized != [height, width] else part
        if isinstance(part, tv.BoundingBoxes):
            (left, top), (wide, tall) = low.tolist(), (high - low).tolist()
            seen = functional.crop(seen, top, left, tall, wide)
        else:
            seen = tv.wrap(_cut(seen, low, high), like=seen)
        start = (points - low).tolist()
        how = {"interpolation": nearest if is_mask else functional.InterpolationMode.BILINEAR}
        seen = functional.perspective(seen, start, goal, **how)
        made.append(functional.crop(seen, 0, 0, window.size[1], window.size[0]))
    pixels = _array(made[0])
    boxes = _kept(sample.boxes, made[1], window) if sample.boxes else ()
    mask = None if sample.mask is None else _array(made[-1])
    return replace(
        sample, pixels=pixels, boxes=boxes, mask=mask, steps=(*sample.steps, *window.steps)
    )


def _is_upright(corners: Points) -> bool:
    """A rectangle that is not turned, but perhaps mirrored."""
    return bool(
        np.allclose(corners[0, 1], corners[1, 1]) and np.allclose(corners[0, 0], corners[3, 0])
    )


def _cut(part: "Tensor", low: Points, high: Points) -> "Tensor":
    """The part of a picture between two corners; beyond its edges it goes on mirrored."""
    rows = _mirrored(int(low[1]), int(high[1]), part.shape[-2])
    columns = _mirrored(int(low[0]), int(high[0]), part.shape[-1])
    return part[:, rows][:, :, columns]


def _mirrored(start: int, end: int, count: int) -> list[int]:
    """Rows or columns from `start` to `end` where those of 0 … count - 1 are mirrored."""
    period = max(2 * (count - 1), 1)
    return [min(place % period, period - place % period) for place in range(start, end)]


def _kept(boxes: Sequence[Box], moved: "Tensor", window: Window) -> tuple[Box, ...]:
    """The boxes of which enough is seen."""
    first, second = window.corners[1] - window.corners[0], window.corners[3] - window.corners[0]
    seen = abs(first[0] * second[1] - first[1] * second[0])
    scale = window.size[0] * window.size[1] / max(seen, 1e-9)
    kept = []
    for box, edges in zip(boxes, moved.tolist(), strict=True):
        left, top, right, bottom = edges
        whole = (box.right - box.left) * (box.bottom - box.top) * scale
        large = right - left >= SMALLEST_BOX and bottom - top >= SMALLEST_BOX
        if large and (right - left) * (bottom - top) >= VISIBLE * whole:
            kept.append(Box(box.label, *(round(edge, 2) for edge in edges)))
    return tuple(kept)


# Light -------------------------------------------------------------------------------------------


def _lit(sample: Sample, settings: Classic, draws: Draws) -> Sample:
    """Changes of light, colours and sharpness."""
    _, functional = torchvision_parts()
    image = _image(sample.pixels)
    steps: list[Step] = []
    for name, most in (
        ("brightness", settings.brightness),
        ("contrast", settings.contrast),
        ("saturation", settings.saturation),
    ):
        if most:
            factor = round(1 + draws.both_ways(name, most), 3)
            image = getattr(functional, f"adjust_{name}")(image, factor)
            steps.append(Step(name, factor))
    if settings.hue:
        shift = round(draws.both_ways("hue", settings.hue), 4)
        image = functional.adjust_hue(image, shift)
        steps.append(Step("hue", shift))
    if draws.chance("grey", settings.grey):
        image = functional.rgb_to_grayscale(image, num_output_channels=3)
        steps.append(Step("grey"))
    height, width = sample.pixels.shape[:2]
    if draws.chance("blur", settings.blur):
        sigma = round((0.5 + draws.uniform("blur by")) * max(min(height, width) / 256, 0.5), 2)
        image = functional.gaussian_blur(image, _odd(sigma, min(height, width)), [sigma, sigma])
        steps.append(Step("blur", sigma))
    pixels = _array(image)
    if draws.chance("noise", settings.noise):
        sigma = round(2 + 6 * draws.uniform("noise by"), 1)
        noise = draws.generator("noise").normal(0, sigma, pixels.shape)
        pixels = np.asarray(np.rint(np.clip(pixels + noise, 0, 255)), np.uint8)
        steps.append(Step("noise", sigma))
    if draws.chance("erase", settings.erase):
        pixels, step = _erased(pixels, draws)
        steps.append(step)
    if draws.chance("jpeg", settings.jpeg):
        quality = 20 + draws.choice("jpeg by", 50)
        pixels = np.asarray(read(encode(Photo(pixels), "jpg", quality=quality)).pixels, np.uint8)
        steps.append(Step("jpeg", quality))
    return replace(sample, pixels=pixels, steps=(*sample.steps, *steps))


def _odd(sigma: float, side: int) -> list[int]:
    """Sides of a Gaussian's kernel, which must be odd and smaller than the picture."""
    whole = 2 * math.ceil(3 * sigma) + 1
    return [min(whole, side - 1 + side % 2)] * 2


def _erased(pixels: Pixels, draws: Draws) -> tuple[Pixels, Step]:
    """With a rectangle of noise (Zhong et al. 2017, https://arxiv.org/abs/1708.04896)."""
    height, width = pixels.shape[:2]
    area = 0.03 + 0.17 * draws.uniform("erase area")
    ratio = math.exp(draws.both_ways("erase ratio", math.log(2)))
    tall = max(1, min(height, round(height * math.sqrt(area * ratio))))
    wide = max(1, min(width, round(width * math.sqrt(area / ratio))))
    top = draws.choice("erase top", height - tall + 1)
    left = draws.choice("erase left", width - wide + 1)
    changed = pixels.copy()
    shape = (tall, wide, 3)
    noise = draws.generator("erase").integers(0, 256, shape, np.uint8)
    changed[top : top + tall, left : left + wide] = noise
    return changed, Step("erase", (left, top, wide, tall))


# torch -------------------------------------------------------------------------------------------


def torchvision_parts() -> tuple[Any, Any]:
    """torchvision's kinds of tensor and its transforms, imported on use: they take seconds.

    Raises:
        BadValue: it is not installed.
    """
    try:
        from torchvision import tv_tensors  # noqa: PLC0415
        from torchvision.transforms.v2 import functional  # noqa: PLC0415
    except ImportError as error:
        raise BadValue(
            "The classic transforms need torch and torchvision, which are not installed.",
            "Run: pip install torch torchvision",
        ) from error
    return tv_tensors, functional


def _image(pixels: Pixels) -> "Tensor":
    """3×H×W."""
    import torch  # noqa: PLC0415  (see torchvision_parts)

    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))


def _array(image: "Tensor") -> Pixels:
    """H×W×3."""
    return np.ascontiguousarray(image.numpy().transpose(1, 2, 0))
