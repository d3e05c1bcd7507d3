"""Line drawings made from pictures: pencil, ink, soft, thick, sparse, broken, shaded, on paper."""

from collections.abc import Callable

import cv2
import film
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Rng = np.random.Generator


def drawing(image: Array, size: int, rng: Rng, style: str | None = None) -> Array:
    """Returns a drawing of the picture as size×size lightness, 0..100: dark lines, light paper.

    Args:
        image: S×S×3 RGB 0..1; S is ``size`` or larger: lines that are drawn large and made
            smaller are as thin as those of a drawing of the user.
        size: side of the result.
        rng: chooses all that isn't given.
        style: a key of ``STYLES``; None chooses one, now and then two over each other.
    """
    if style is None:
        count = 2 if rng.random() < 0.15 else 1
        chosen = list(rng.choice(list(STYLES), count, p=[chance for _, chance in STYLES.values()]))
    else:
        chosen = [style]
    paper = np.ones(image.shape[:2], np.float32)
    for name in chosen:
        paper = np.minimum(paper, STYLES[name][0](image, rng))
    return finished(paper, image, size, rng)


def finished(paper: Array, image: Array, size: int, rng: Rng) -> Array:
    """Returns clean lines (S×S, 0 black to 1 white) as a drawing by hand; see ``drawing``."""
    paper = by_hand(paper, rng)
    if rng.random() < 0.3:
        paper = paper * shading(image, rng)
    paper = np.asarray(cv2.resize(paper, (size, size), interpolation=cv2.INTER_AREA), np.float32)
    if rng.random() < 0.5:
        paper = on_paper(paper, rng)
    grey = np.repeat(np.clip(paper, 0, 1).astype(np.float32)[..., None], 3, 2)
    return np.ascontiguousarray(np.asarray(cv2.cvtColor(grey, cv2.COLOR_RGB2Lab))[..., 0])


def pencil(image: Array, rng: Rng) -> Array:
    """Returns the picture divided by its blur: lines, and soft tones beside them."""
    grey = _grey(image, rng)
    blurred = _blur(grey, rng.uniform(1.5, 8) * _scale(grey))
    return np.clip(grey / (blurred + 0.02), 0, 1) ** np.float32(rng.uniform(1, 4))


def ink(image: Array, rng: Rng) -> Array:
    """Returns the lines of a difference of Gaussians, nearly black and white."""
    grey = _grey(image, rng)
    sigma = rng.uniform(0.6, 1.4) * _scale(grey)
    level = _blur(grey, sigma) - 0.98 * _blur(grey, 1.6 * sigma)
    steep, start = rng.uniform(30, 150), rng.uniform(-0.01, 0.005)
    return np.asarray(1 - np.tanh(steep * np.maximum(start - level, 0)), np.float32)


def brush(image: Array, rng: Rng) -> Array:
    """Returns XDoG: lines, and dark things filled with black (Winnemöller et al. 2012)."""
    grey = _blur(_grey(image, rng), 0.5)
    sigma, sharpness = rng.uniform(0.6, 1.6) * _scale(grey), rng.uniform(6, 20)
    level = (1 + sharpness) * _blur(grey, sigma) - sharpness * _blur(grey, 1.6 * sigma)
    threshold = rng.uniform(0.15, 0.5) * (grey.mean() + 0.3)
    tone = 1 + np.tanh(rng.uniform(4, 15) * (level - threshold))
    return np.asarray(np.clip(tone, 0, 1), np.float32)


def soft(image: Array, rng: Rng) -> Array:
    """Returns the strength of the edges of all channels, as soft grey strokes."""
    slopes = _slopes(_blur(image, rng.uniform(0.6, 1.8) * _scale(image)))
    strongest = np.percentile(slopes, rng.uniform(93, 99)) + 0.02
    marks = np.clip(slopes / strongest - rng.uniform(0, 0.15), 0, 1)
    return np.asarray(1 - marks ** rng.uniform(0.7, 1.6), np.float32)


def contours(image: Array, rng: Rng) -> Array:
    """Returns Canny's edges, of the lightness and now and then of all channels."""
    pixels = _pixels(_blur(image, rng.uniform(0.6, 1.6) * _scale(image)))
    low = rng.uniform(20, 70)
    return 1 - _thick(_canny(pixels, low, 2.2 * low, rng.random() < 0.5), rng)


def sparse(image: Array, rng: Rng) -> Array:
    """Returns only the long edges of a picture whose details are smoothed away."""
    scale = _scale(image)
    small = cv2.resize(image, (128, 128), interpolation=cv2.INTER_AREA)
    for _ in range(2):
        small = cv2.bilateralFilter(np.asarray(small, np.float32), 7, 0.15, 3)
    size = image.shape[1], image.shape[0]
    pixels = _pixels(np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_CUBIC)))
    low = rng.uniform(15, 40)
    edges = _canny(pixels, low, 2.5 * low, True)
    shortest = rng.uniform(10, 40) * scale
    _, labels, stats, _ = cv2.connectedComponentsWithStats(edges, connectivity=8)
    kept = stats[:, cv2.CC_STAT_AREA] >= shortest
    kept[0] = False
    return 1 - _thick(kept[labels].astype(np.uint8), rng)


def areas(image: Array, rng: Rng) -> Array:
    """Returns the borders between areas of few colours, as in a colouring book."""
    small = np.asarray(cv2.resize(image, (96, 96), interpolation=cv2.INTER_AREA), np.float32)
    small = np.asarray(cv2.bilateralFilter(small, 7, 0.15, 3), np.float32)
    points = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2Lab), np.float32).reshape(-1, 3)
    colors = points[rng.integers(0, len(points), int(rng.integers(4, 9)))]
    nearest = np.linalg.norm(points[:, None] - colors, axis=2).argmin(1)
    labels = cv2.medianBlur(nearest.reshape(96, 96).astype(np.uint8), 5)
    size = image.shape[1], image.shape[0]
    borders = np.zeros(image.shape[:2], bool)
    for label in range(len(colors)):
        # Smooth outlines: the mask of each area is blurred before it is cut.
        mask = _blur((labels == label).astype(np.float32), 1)
        inside = cv2.resize(mask, size, interpolation=cv2.INTER_CUBIC) > 0.5
        edge = cv2.morphologyEx(inside.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((2, 2)))
        borders |= np.asarray(edge, bool)
    return 1 - _thick(borders.astype(np.uint8), rng)


STYLES: dict[str, tuple[Callable[[Array, Rng], Array], float]] = {
    "pencil": (pencil, 0.2),
    "ink": (ink, 0.2),
    "brush": (brush, 0.08),
    "soft": (soft, 0.14),
    "contours": (contours, 0.14),
    "sparse": (sparse, 0.14),
    "areas": (areas, 0.1),
}


def by_hand(paper: Array, rng: Rng) -> Array:
    """Returns the drawing as hands draw: thicker or fainter, wobbling beside the edge, broken."""
    ink = 1 - paper
    if rng.random() < 0.25:
        side = int(rng.integers(2, 4))
        ink = np.asarray(cv2.dilate(ink, np.ones((side, side), np.uint8)), np.float32)
    if rng.random() < 0.35:
        ink = wobble(ink, rng)
    if rng.random() < 0.3:
        gaps = _noise(ink.shape, rng.uniform(2, 8) * _scale(ink), rng)
        ink = ink * np.clip(1.5 + 2 * (gaps + rng.uniform(-0.5, 0.7)), 0, 1)
    return np.asarray(1 - rng.uniform(0.5, 1) * ink, np.float32)


def wobble(ink: Array, rng: Rng) -> Array:
    """Returns the lines moved by a pixel or so, smoothly."""
    reach, sigma = np.float32(rng.uniform(0.3, 1.2) * _scale(ink)), 8 * _scale(ink)
    rows, columns = (
        np.asarray(place + reach * _noise(ink.shape, sigma, rng), np.float32)
        for place in np.indices(ink.shape, np.float32)
    )
    return np.asarray(cv2.remap(ink, columns, rows, cv2.INTER_LINEAR), np.float32)


def shading(image: Array, rng: Rng) -> Array:
    """Returns a grey tone, 0..1, in which dark things are darker: a wash of grey, or hatching."""
    smooth = _blur(_grey(image, rng), rng.uniform(1, 4) * _scale(image))
    dark = np.asarray(1 - smooth, np.float64)
    kind = rng.random()
    if kind < 0.35:  # hatching: parallel lines, wider where it is darker
        rows, columns = np.indices(dark.shape, np.float32)
        angle, step = rng.uniform(0, np.pi), rng.uniform(3, 7) * _scale(image)
        wave = np.sin(2 * np.pi * (np.cos(angle) * columns + np.sin(angle) * rows) / step)
        dark = np.clip(3 * (wave - 1.6 + 2 * dark), 0, 1)
    elif kind < 0.6:  # two to four flat tones
        levels = rng.integers(1, 4)
        dark = np.round(dark * levels) / levels
    return np.asarray(1 - rng.uniform(0.2, 0.75) * dark, np.float32)


def on_paper(paper: Array, rng: Rng) -> Array:
    """Returns the drawing as a scan or a photograph has it: tinted, uneven, grainy, blurred."""
    paper = paper * np.float32(rng.uniform(0.8, 1))
    if rng.random() < 0.4:
        paper = film.fade(paper, rng)
    if rng.random() < 0.3:
        paper = _blur(paper, rng.uniform(0.3, 0.9))
    if rng.random() < 0.6:
        fine = _noise(paper.shape, rng.uniform(0, 1.2), rng)
        paper = paper + np.float32(rng.uniform(0.005, 0.05)) * fine
    if rng.random() < 0.25:
        paper = film.jpeg(paper, rng)
    return np.asarray(paper, np.float32)


def _grey(image: Array, rng: Rng) -> Array:
    """Returns the picture through a filter of random colour, its contrast stretched."""
    mix = np.array(rng.dirichlet([3, 5, 2]) if rng.random() < 0.5 else film.REC601)
    grey = np.asarray(image @ mix.astype(np.float32), np.float32)
    low, high = np.percentile(grey[::2, ::2], [1, 99])
    return np.asarray(np.clip((grey - low) / max(high - low, 0.1), 0, 1), np.float32)


def _scale(image: Array) -> float:
    """Returns how many times larger the picture is than the 128 pixels that sizes are meant for."""
    return float(image.shape[0] / 128)


def _blur(image: Array, sigma: float) -> Array:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), max(sigma, 0.1)), np.float32)


def _noise(shape: tuple[int, ...], sigma: float, rng: Rng) -> Array:
    """Returns smooth noise with deviation 1; features are ``sigma`` pixels large."""
    if sigma < 0.3:
        return rng.standard_normal(shape, np.float32)
    step = max(sigma / 1.5, 1)
    small = [max(int(side / step) + 2, 3) for side in shape]
    noise = _blur(rng.standard_normal(small, np.float32), 1)
    noise = noise / (noise.std() + np.float32(1e-6))
    return np.asarray(cv2.resize(noise, shape[::-1], interpolation=cv2.INTER_CUBIC), np.float32)


def _slopes(image: Array) -> Array:
    across, down = (cv2.Scharr(image, cv2.CV_32F, *axes) / 16 for axes in ((1, 0), (0, 1)))
    return np.asarray(np.hypot(across, down).max(2), np.float32)


def _pixels(image: Array) -> Bytes:
    return (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)


def _canny(pixels: Bytes, low: float, high: float, colors: bool) -> Bytes:
    """Returns edges, 0 or 1, of an RGB picture, or of its grey."""
    image = pixels if colors else cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    if colors:
        across, down = (cv2.Sobel(image, cv2.CV_16S, *axes) for axes in ((1, 0), (0, 1)))
        edges = [
            cv2.Canny(
                np.ascontiguousarray(across[..., i]), np.ascontiguousarray(down[..., i]), low, high
            )
            for i in range(3)
        ]
        return np.asarray(np.maximum.reduce(edges) > 0, np.uint8)
    return np.asarray(cv2.Canny(image, low, high) > 0, np.uint8)


def _thick(edges: Bytes, rng: Rng) -> Array:
    """Returns the edges as lines of a random width, 0..1, with smooth borders."""
    width = max(round(rng.uniform(0.5, 1.8) * edges.shape[0] / 128), 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    thick = np.asarray(cv2.dilate(edges, kernel), np.float32)
    return np.asarray(np.clip(1.3 * _blur(thick, 0.6), 0, 1), np.float32)
