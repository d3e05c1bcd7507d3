"""Makes bad small pictures out of good ones: what phones, the web and time do to photographs.

After Wang et al., "Real-ESRGAN: Training Real-World Blind Super-Resolution with Pure Synthetic
Data", https://arxiv.org/abs/2107.10833: blur, resize, noise and JPEG in chance strength, once or
twice, then the way to the final size. Weaker than there, and one picture in five is only shrunk,
so that a network learns to leave good pictures alone.

Pictures are H×W×3 RGB float32 0…1. The same generator state gives the same result.
"""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

Array = npt.NDArray[np.float32]
Random = np.random.Generator

CLEAN = 0.2  # share of pictures that are only shrunk
TWICE = 0.4  # share of the others that go through the chain a second time
INTERPOLATIONS = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC)
CLEAN_FILTERS = (Image.Resampling.BICUBIC, Image.Resampling.LANCZOS, Image.Resampling.BOX)


def degrade(picture: Array, scale: int, random: Random) -> Array:
    """Returns a small, bad version of a picture.

    Args:
        picture: H×W×3, both sides multiples of ``scale``.
        scale: how many times smaller the result is.
        random: where chance comes from.

    Returns:
        (H/scale)×(W/scale)×3, in steps of 1/255 as an 8-bit file holds them.
    """
    size = (picture.shape[1] // scale, picture.shape[0] // scale)
    if random.random() < CLEAN:
        small = shrink(picture, size, random)
        return jpeg(small, 80, 98, random) if random.random() < 0.5 else small
    bad = once(picture, 1.0, random)
    if random.random() < TWICE:
        bad = once(bad, 0.6, random)
    # Sharpened and packed by whoever shrank it, in either order.
    steps = ["resize", "ring", "jpeg"]
    random.shuffle(steps)
    for step in steps:
        if step == "resize":
            bad = resize(bad, size, random)
        elif step == "ring" and random.random() < 0.25:
            bad = ring(bad, random)
        elif step == "jpeg" and random.random() < 0.8:
            bad = jpeg(bad, 40, 95, random)
    return to_floats(to_bytes(bad))


def once(picture: Array, strength: float, random: Random) -> Array:
    """One pass of blur, resize, noise and JPEG; ``strength`` 0…1 scales the first three."""
    if random.random() < 0.7:
        picture = blur(picture, 3.0 * strength, random)
    if random.random() < 0.7:
        factor = random.uniform(1 - 0.7 * strength, 1.2)
        width, height = (max(8, round(side * factor)) for side in picture.shape[1::-1])
        picture = resize(picture, (width, height), random)
    if random.random() < 0.7:
        picture = noise(picture, 25 / 255 * strength, random)
    if random.random() < 0.5:
        picture = jpeg(picture, 35, 95, random)
    return picture


def shrink(picture: Array, size: tuple[int, int], random: Random) -> Array:
    """Shrinks as good software does, to ``size`` = (width, height)."""
    chosen = CLEAN_FILTERS[random.integers(len(CLEAN_FILTERS))]
    small = Image.fromarray(to_bytes(picture)).resize(size, chosen)
    return to_floats(np.asarray(small))


def resize(picture: Array, size: tuple[int, int], random: Random) -> Array:
    """Shrinks or enlarges to ``size`` = (width, height) as quick software does."""
    way = int(random.choice(INTERPOLATIONS))
    return np.asarray(cv2.resize(picture, size, interpolation=way), np.float32)


def blur(picture: Array, most: float, random: Random) -> Array:
    """Blurs with a Gaussian of 0.3…``most`` pixels, often wider one way than the other."""
    long = random.uniform(0.3, max(most, 0.4))
    short = random.uniform(0.3, long) if random.random() < 0.5 else long
    kernel = gaussian(long, short, random.uniform(0, np.pi))
    blurred = cv2.filter2D(picture, -1, kernel, borderType=cv2.BORDER_REFLECT)
    return np.asarray(blurred, np.float32)


def gaussian(long: float, short: float, angle: float) -> Array:
    """A kernel whose sum is 1 with two standard deviations in pixels, turned by ``angle``."""
    reach = int(np.ceil(3 * long))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    kernel = np.exp(-((along / long) ** 2 + (across / short) ** 2) / 2)
    return np.asarray(kernel / kernel.sum(), np.float32)


def ring(picture: Array, random: Random) -> Array:
    """Cuts off high frequencies sharply, which leaves echoes beside edges."""
    cutoff = random.uniform(0.5, 0.95)  # of the highest frequency
    kernel = cutoff * np.sinc(cutoff * np.arange(-7, 8))
    kernel /= kernel.sum()
    ringing = cv2.sepFilter2D(picture, -1, kernel, kernel, borderType=cv2.BORDER_REFLECT)
    return np.asarray(ringing, np.float32)


def noise(picture: Array, most: float, random: Random) -> Array:
    """Adds noise of standard deviation up to ``most``, weak ones being the most frequent.

    Half of it is a sensor's, stronger where the picture is bright; it is grey, coloured, or
    coloured and in blotches as small sensors and their software leave it.
    """
    height, width = picture.shape[:2]
    sigma = most * random.random() ** 2
    kind = random.random()
    if kind < 0.4:
        grain = random.standard_normal((height, width, 1), np.float32)
    elif kind < 0.75:
        grain = random.standard_normal((height, width, 3), np.float32)
    else:
        coarse = random.standard_normal((-(-height // 2), -(-width // 2), 3), np.float32)
        blotches = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        grain = np.asarray(blotches, np.float32)
    if random.random() < 0.5:
        grain = grain * np.sqrt(2 * np.clip(picture.mean(axis=2, keepdims=True), 0.02, 1))
    return np.clip(picture + sigma * grain, 0, 1)


def jpeg(picture: Array, lowest: int, highest: int, random: Random) -> Array:
    """Packs and unpacks with a quality of ``lowest``…``highest``."""
    quality = int(random.integers(lowest, highest + 1))
    bgr = np.ascontiguousarray(to_bytes(picture)[..., ::-1])
    _, packed = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    unpacked = cv2.imdecode(packed, cv2.IMREAD_COLOR)
    assert unpacked is not None
    return to_floats(unpacked[..., ::-1])


def to_bytes(picture: Array) -> npt.NDArray[np.uint8]:
    """0…1 to 0…255."""
    return np.asarray(np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)


def to_floats(picture: npt.NDArray[Any]) -> Array:
    """0…255 to 0…1."""
    return np.asarray(picture / np.float32(255), np.float32)
