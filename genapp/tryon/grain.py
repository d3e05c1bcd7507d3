"""How sharp and how noisy a photo is, so that what is drawn into it looks the same.

Lengths in pixels of the photo; noise in sRGB, 1 = white.
"""

from dataclasses import dataclass, replace
from functools import cache, lru_cache

import cv2
import numpy as np

from genapp.images import Pixels, to_8_bit
from genapp.tryon.arrays import Array
from genapp.tryon.mesh import SKIN
from genapp.tryon.pose import Head
from genapp.tryon.render import Layer, spread_channels

EYES = (33, 133, 362, 263, 70, 105, 107, 336, 334, 300, 159, 145, 386, 374)
"""Corners and lids of the eyes, and brows: the sharpest edges of a face are between them."""
REBLUR = 1.0
"""Standard deviation of the second blur that edges are compared under, px."""
SLOPE = 1 / 3
"""Variance that central differences add to the width of an edge, px²."""
PIXEL = 1 / 12
"""Variance of a pixel's own width, which what is drawn has already, px²."""
SHARPEST = 0.15
"""Which part of the edges shows how sharp the photo is; the others are soft in themselves."""
FEWEST = 40
"""Pixels on edges below which nothing is known."""
SOFTEST = 6.0
"""No blur is stronger, px."""
PATCH = 12
"""Side of the patches whose noise is measured, px."""
GRID = 11
"""So many patches are looked at each way around a face."""
FEWEST_PATCHES = 12
"""Fewer tell nothing."""
EXPOSED = (0.08, 0.92)
"""Mean values, 1 = white, of patches that may show noise."""
FLATTEST = 0.2
"""Which part of them shows the noise; the others have texture of their own."""
LEAST_NOISE = 0.7 / 255
"""Less cannot be told from rounding."""
COLORFUL = 4.0
"""Brightness varies at most so much more than colour, in noise."""
IN_COLOR = 0.03 / 255
"""Colour varies more in any photo that is not black-and-white."""
LARGEST = 2.0
"""No grain is coarser, px."""
TILE = 256
"""Side of the pattern of noise, which repeats, px."""
SIZES = 0.05
"""Steps in which the grain's size is drawn, px."""
TO_RGB = np.array([[1, 1.403, 0], [1, -0.714, -0.344], [1, 0, 1.773]], np.float32)
"""YCrCb of BT.601 to RGB."""


@dataclass(frozen=True)
class Grain:
    """Blur and noise of a photo near a face."""

    blur: float
    """Standard deviation of the blur, px."""
    luma: float
    """Standard deviation of the noise in brightness."""
    chroma: float
    """Standard deviation of the noise in each colour difference (Cr and Cb)."""
    size: float
    """Standard deviation of the blur of the noise itself, px; 0: every pixel on its own."""

    @property
    def softening(self) -> float:
        """By how much a drawn layer is still too sharp, px."""
        return float(max(self.blur**2 - PIXEL, 0.0) ** 0.5)

    @property
    def reach(self) -> int:
        """How far blur spreads a layer, px."""
        return int(np.ceil(2.5 * self.softening)) + 1

    def zoomed(self, zoom: float) -> "Grain":
        """The grain of a picture shrunk to `zoom` times its size, by averaging."""
        blur = float(np.hypot(self.blur * zoom, (PIXEL * max(1 - zoom**2, 0.0)) ** 0.5))
        # Noise averages out, unless it is coarser than the new pixels.
        left = min(1.0, zoom * np.hypot(1, 2 * self.size))
        return replace(
            self,
            blur=blur,
            luma=self.luma * left,
            chroma=self.chroma * left,
            size=self.size * zoom,
        )


CLEAN = Grain(0.0, 0.0, 0.0, 0.0)
"""A sharp picture without noise."""


def find_grain(pixels: Pixels, head: Head) -> Grain:
    """Measure a photo.

    Args:
        pixels: H×W×3 sRGB, uint8 or uint16.
        head: the face around which it is measured.
    """
    noise = _noise_around(pixels, head)
    spots = head.view.project(head.to_camera(head.face[list(EYES)]))
    margin = 6 * head.view.scale
    x0, y0 = np.maximum(spots.min(0) - margin, 0).astype(int)
    x1, y1 = (spots.max(0) + margin).astype(int)
    grey = (
        cv2.cvtColor(to_8_bit(pixels[y0:y1, x0:x1]), cv2.COLOR_RGB2GRAY)
        if (y1 - y0 > 8 and x1 - x0 > 8 and pixels[y0:y1, x0:x1].size)
        else None
    )
    blur = 0.0 if grey is None else edge_blur(np.asarray(grey, np.float32) / 255, noise.luma)
    return replace(noise, blur=blur)


def edge_blur(grey: Array, noise: float) -> float:
    """Standard deviation of the blur of a picture in px: an edge loses the more of its slope under
    a second blur the sharper it is (Zhuo & Sim 2011, "Defocus map estimation from a single
    image"). 0 if there are too few edges.

    Args:
        grey: H×W, 0..1.
        noise: standard deviation of its noise.
    """
    # A first blur keeps noise and JPEG's blocks from passing as sharp edges.
    first = 0.6 + min(1.0, 40 * noise)
    smooth = np.asarray(cv2.GaussianBlur(grey, (0, 0), first), np.float32)
    again = np.asarray(cv2.GaussianBlur(smooth, (0, 0), REBLUR), np.float32)
    slope, reblurred = _slope(smooth), _slope(again)
    strong = slope > max(0.5 * float(np.quantile(slope, 0.995)), 0.01, 2 * noise)
    crest = slope >= cv2.dilate(slope, np.ones((3, 3), np.uint8))
    edges = strong & (crest | (slope > 0.9 * cv2.dilate(slope, np.ones((3, 3), np.uint8))))
    if edges.sum() < FEWEST:
        return 0.0
    ratio = np.maximum(slope[edges] / np.maximum(reblurred[edges], 1e-6), 1.001)
    variance = REBLUR**2 / (ratio**2 - 1) - SLOPE - first**2
    return float(np.clip(np.quantile(np.maximum(variance, 0.0), SHARPEST) ** 0.5, 0, SOFTEST))


def _slope(grey: Array) -> Array:
    """Length of the gradient, per px."""
    right = cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=1, scale=0.5)
    down = cv2.Sobel(grey, cv2.CV_32F, 0, 1, ksize=1, scale=0.5)
    return np.asarray(cv2.magnitude(right, down), np.float32)


def _noise_around(pixels: Pixels, head: Head) -> Grain:
    """Noise of patches of skin and of a grid around the face: wrinkles are none, and a wall or a
    blurred background shows it best. Where it is too dark or too bright noise is cut off."""
    spots = head.view.project(head.to_camera(head.face[:468]))
    side = np.ptp(spots, 0)
    low, high = spots.min(0) - side / 2, spots.max(0) + side / 2
    columns, rows = (np.linspace(low[axis], high[axis], GRID) for axis in (0, 1))
    grid = np.stack(np.meshgrid(columns, rows), -1).reshape(-1, 2)
    height, width = pixels.shape[:2]
    half = PATCH // 2
    patches = [
        pixels[y - half : y + half, x - half : x + half]
        for x, y in np.concatenate([spots[list(SKIN)], grid]).astype(int)
        if half <= x <= width - half and half <= y <= height - half
    ]
    top = np.iinfo(pixels.dtype).max
    within = [patch for patch in patches if EXPOSED[0] < patch.mean() / top < EXPOSED[1]]
    return measure_noise(np.stack(within)) if len(within) >= FEWEST_PATCHES else CLEAN


def measure_noise(patches: Pixels) -> Grain:
    """Noise in patches of a photo: what a mask that ignores flat and sloping brightness leaves
    (Immerkær 1996, "Fast noise variance estimation"), at two scales, which tells its size.

    Args:
        patches: N×P×P×3 sRGB, P even.
    """
    values = np.asarray(to_8_bit(patches.reshape(-1, PATCH, 3)), np.float32) / 255
    converted = np.asarray(cv2.cvtColor(values, cv2.COLOR_RGB2YCrCb), np.float32)
    colors = converted.reshape(-1, PATCH, PATCH, 3)
    fine = _residual(colors)
    coarse = _residual(
        (colors[:, ::2, ::2] + colors[:, 1::2, ::2] + colors[:, ::2, 1::2] + colors[:, 1::2, 1::2])
        / 4
    )
    flat = fine[:, 0] <= np.quantile(fine[:, 0], FLATTEST)
    luma, red, blue = np.median(fine[flat], 0)
    if luma < LEAST_NOISE:
        return CLEAN
    size = _noise_size(float(np.median(coarse[flat, 0]) / luma))
    sizes, fine_kept, _ = _kept()
    gain = float(np.interp(size, sizes, fine_kept))
    chroma = float(red + blue) / 2
    # Grain has colour; wrinkles and cloth are lighter and darker. JPEG leaves coarse colour.
    colorful = float(np.median(coarse[flat, 1:])) / max(float(np.median(coarse[flat, 0])), 1e-6)
    real = min(1.0, COLORFUL * colorful) if chroma > IN_COLOR else 1.0
    kept = chroma / gain if chroma > LEAST_NOISE / 2 else 0.0
    return Grain(0.0, float(luma) / gain * real, kept, size)


def _residual(colors: Array) -> Array:
    """N×P×P×3 → N×3, standard deviation of noise that is white."""
    second = colors[:, :-2] - 2 * colors[:, 1:-1] + colors[:, 2:]
    second = second[:, :, :-2] - 2 * second[:, :, 1:-1] + second[:, :, 2:]
    return np.asarray((second**2).mean((1, 2)) ** 0.5 / 6, np.float32)


def _noise_size(ratio: float) -> float:
    """The blur of noise whose residuals at half and at full size have that ratio."""
    sizes, fine, coarse = _kept()
    return float(np.interp(ratio, coarse / fine, sizes))


@cache
def _kept() -> Array:
    """3×25: blurs of noise in px, and what `_residual` finds of such noise of standard deviation 1,
    at full and at half size."""
    kept = []
    for size in np.linspace(0, 1.2, 25):
        noise = _pattern(_step(size))[None]
        half = noise[:, ::2, ::2] + noise[:, 1::2, ::2] + noise[:, ::2, 1::2] + noise[:, 1::2, 1::2]
        kept.append((size, _residual(noise).mean(), _residual(half / 4).mean()))
    return np.array(kept).T


def _step(size: float) -> float:
    """A size for which a pattern is made."""
    return round(min(size, LARGEST) / SIZES) * SIZES


@lru_cache(8)
def _pattern(size: float) -> Array:
    """256×256×3 noise of mean 0 and standard deviation 1, blurred by `size` px; it repeats."""
    noise = np.random.default_rng(0).standard_normal((TILE, TILE, 3)).astype(np.float32)
    if size > 0.1:
        wrapped = np.pad(noise, ((8, 8), (8, 8), (0, 0)), mode="wrap")
        noise = np.asarray(cv2.GaussianBlur(wrapped, (0, 0), size)[8:-8, 8:-8], np.float32)
    return np.asarray(noise / noise.std(), np.float32)


def soften(layer: Layer, grain: Grain) -> Layer:
    """The layer, as sharp as the photo."""
    sigma = grain.softening
    if sigma < 0.25:
        return layer
    through, add = (
        np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.float32)
        for image in (layer.through, layer.add)
    )
    return replace(layer, through=through, add=add)


def add_noise(region: Pixels, layer: Layer, grain: Grain) -> None:
    """Give the drawn parts of a layer the noise of the photo, in place.

    Args:
        region: h×w×3 sRGB, uint8 or uint16, the photo in the layer's box with the layer on it.
        layer: what covers it. Where the photo shows through, so does its own noise.
        grain: of the photo.
    """
    if grain.luma < LEAST_NOISE:
        return
    x0, y0, x1, y1 = layer.box
    rows, columns = np.arange(y0, y1) % TILE, np.arange(x0, x1) % TILE
    pattern = _pattern(_step(grain.size))[rows[:, None], columns]
    top = np.iinfo(region.dtype).max
    strength = top * np.array([grain.luma, grain.chroma, grain.chroma], np.float32)
    noise = np.asarray(cv2.transform(pattern, TO_RGB * strength), np.float32)
    noise *= spread_channels(layer.cover)
    kind = cv2.CV_8U if region.dtype == np.uint8 else cv2.CV_16U
    region[:] = cv2.add(region, noise, dtype=kind)
