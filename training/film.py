"""Grey pictures as they really come: film responses, fading, grain, blur, scratches, JPEG."""

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Rng = np.random.Generator

REC601 = np.array([0.299, 0.587, 0.114])


def old_photo(image: Array, rng: Rng) -> Array:
    """Returns the H×W×3 picture (RGB 0..1, sRGB) as an H×W grey photograph, 0..1.

    Two of five are plain: what a converter or a good scan of a good print gives. The others are
    as film and time made them, each kind of harm by chance.
    """
    if rng.random() < 0.4:
        return np.asarray(image @ REC601, np.float32)
    grey = film_response(image, rng)
    if rng.random() < 0.5:
        grey = fade(grey, rng)
    if rng.random() < 0.25:
        blurred = cv2.GaussianBlur(grey, (0, 0), rng.uniform(0.4, 1.3))
        grey = np.asarray(blurred, np.float32)
    if rng.random() < 0.15:
        grey = scratch(grey, rng)
    if rng.random() < 0.45:
        grey = add_grain(grey, rng)
    if rng.random() < 0.2:
        grey = jpeg(grey, rng)
    return np.clip(grey, 0, 1).astype(np.float32)


def film_response(image: Array, rng: Rng) -> Array:
    """Returns H×W grey: a mix of the channels as a kind of film sees them, and its tone curve."""
    kind = rng.random()
    if kind < 0.5:  # panchromatic film, perhaps behind a filter
        mix = rng.dirichlet([3, 4, 2])
    elif kind < 0.8:  # orthochromatic: blind to red
        mix = rng.dirichlet([0.4, 5, 4])
    else:  # plates before 1880: blue light alone
        mix = rng.dirichlet([0.2, 1, 6])
    grey = np.power(np.clip(image, 0, 1) ** 2.2 @ mix, 1 / 2.2)
    gamma = np.exp(rng.normal(0, 0.2))
    bend = rng.uniform(-0.3, 0.5)  # towards an S for positive values
    curved = grey**gamma
    return np.asarray(curved + bend * curved * (1 - curved) * (2 * curved - 1), np.float32)


def fade(grey: Array, rng: Rng) -> Array:
    """Returns the picture with blacks that became grey, whites that yellowed, uneven edges."""
    low, high = rng.uniform(0, 0.25), rng.uniform(0.75, 1)
    grey = np.asarray(low + (high - low) * grey, np.float32)
    if rng.random() < 0.4:
        height, width = grey.shape
        y = np.linspace(-1, 1, height, dtype=np.float32)[:, None] - rng.uniform(-0.5, 0.5)
        x = np.linspace(-1, 1, width, dtype=np.float32) - rng.uniform(-0.5, 0.5)
        corners = np.asarray((x**2 + y**2) / 2, np.float32)
        grey = grey + np.float32(rng.uniform(-0.25, 0.25)) * corners
    return np.asarray(grey, np.float32)


def add_grain(grey: Array, rng: Rng) -> Array:
    """Returns the picture with grain, which is strongest in the middle tones."""
    noise = rng.standard_normal(grey.shape, np.float32)
    size = rng.uniform(0, 1)
    if size > 0.3:
        noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), size), np.float32)
        noise /= noise.std() + 1e-6
    middle = 0.4 + 2.4 * np.clip(grey, 0, 1) * (1 - np.clip(grey, 0, 1))
    return np.asarray(grey + rng.uniform(0.01, 0.08) * middle * noise, np.float32)


def scratch(grey: Array, rng: Rng) -> Array:
    """Returns the picture with a few scratches, light or dark."""
    height, width = grey.shape
    lines = np.zeros_like(grey)
    for _ in range(int(rng.integers(1, 5))):
        start = rng.uniform(0, [width, height])
        end = start + rng.normal(0, [width / 6, height / 2])
        points = (np.stack([start, (start + end) / 2 + rng.normal(0, 2, 2), end]) * 8).astype(int)
        strength = float(rng.choice([-1, 1]) * rng.uniform(0.2, 0.8))
        cv2.polylines(lines, [points[:, None]], False, strength, 1, cv2.LINE_AA, 3)
    return np.asarray(grey + lines, np.float32)


def jpeg(grey: Array, rng: Rng) -> Array:
    """Returns the picture as JPEG of a quality of 30 to 90 keeps it."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 90))]
    pixels = (np.clip(grey, 0, 1) * 255 + 0.5).astype(np.uint8)
    _, data = cv2.imencode(".jpg", pixels, quality)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.float32) / np.float32(255)
