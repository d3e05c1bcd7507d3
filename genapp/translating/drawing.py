"""A photo as a line drawing: few long, dark lines, found without a network.

"Coherent Line Drawing" (Kang, Lee and Chui 2007) in the form of Kyprianidis and Kang, "Image and
Video Abstraction by Coherence-Enhancing Filtering" (2011): a difference of Gaussians across the
direction of the edges, averaged along it, so that a line goes on where its edge is weak and noise
makes none. Strokes that stay faint or short are left out, and the outline of people is drawn also
where they hardly stand out from what is behind them. A thin wash of grey lies over what is dark.
"""

from collections.abc import Callable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.images import Pixels, to_float

Values = NDArray[np.float32]
Mask = NDArray[np.uint8]

SIGMA = 1.2
"""Of the narrower Gaussian across an edge, px: half the width of a line."""
WIDER = 1.6
"""The other Gaussian over it."""
SENSITIVITY = 0.985
"""Of the two: 1 draws a line at every change of tone."""
ALONG = 5.0
"""Sigma of the mean along an edge, px."""
STEP = 1.5
"""In which lines along an edge are followed, px."""
DIRECTIONS = 4.0
"""Sigma of the mean over directions of edges, px: larger, and lines are calmer."""
ROUNDS = 2
"""How often lines are looked for; each time those that were found count as dark."""
CALM = 9, 0.08, 2.5
"""Diameter, sigma of colour and of place, px, of the bilateral filter before."""
STEEP = 110.0
"""How soon a line is black."""
FAINTEST, SHORTEST, LEAST = 0.55, 16, 20.0
"""A stroke stays where one place of it is so dark, 0..1, it is so long, px, and has so much ink."""
STARTS = 0.12
"""From which ink on a place belongs to a stroke."""
OUTLINE = 0.25
"""The step of tone, 0..1, that is drawn where a person ends and what is behind begins."""
PAPER = np.float32(0.005)
CROWD, THINNED = 24.0, 0.012
"""Where lines crowd within so many px, only stronger ones are drawn."""
COARSE = 0.8
"""Of the lines at half the size."""
WASH, SOFT = np.float32(0.12), 160
"""How much darker the wash makes what is black, and the longer side over the sigma of its blur."""
TILE, MARGIN = 1536, 48
"""Parts of a large picture, px, and what is seen around them."""
ROWS = 512


def find_lines(
    source: Pixels, people: Mask | None, done: Callable[[int], None] = lambda pixels: None
) -> Values:
    """Where lines belong, h×w: below 0, the lower the darker.

    Args:
        source: h×w×3, uint8 or uint16, in the size in which lines are `2 * SIGMA` wide.
        people: h×w, 255 on people; None: there are none.
        done: told the number of pixels done, part by part.
    """
    height, width = source.shape[:2]
    found = np.empty((height, width), np.float32)
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            inner = np.s_[top : min(top + TILE, height), left : min(left + TILE, width)]
            first_row, first_column = max(0, top - MARGIN), max(0, left - MARGIN)
            outer = np.s_[first_row : top + TILE + MARGIN, first_column : left + TILE + MARGIN]
            part = _found(source[outer], None if people is None else people[outer])
            found[inner] = part[top - first_row :, left - first_column :][:TILE, :TILE]
            done(found[inner].size)
    return found


def strokes(found: Values) -> Values:
    """The lines that are worth drawing, in the form of `find_lines`; elsewhere `PAPER`."""
    crowd = cv2.GaussianBlur(_ink(found), (0, 0), CROWD)
    kept = found + np.float32(THINNED) * np.asarray(crowd, np.float32)
    ink = _ink(kept)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        (ink > STARTS).astype(np.uint8), connectivity=8
    )
    places = labels.ravel()
    darkest = np.zeros(count, np.float32)
    np.maximum.at(darkest, np.asarray(places, np.intp), ink.ravel())
    amount = np.bincount(places, ink.ravel(), count)
    long = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]) >= SHORTEST
    stays = (darkest > FAINTEST) & long & (amount > LEAST)
    stays[0] = False  # the paper, into which strokes fade
    drawn, gone = (
        np.asarray(cv2.dilate(chosen[labels].astype(np.uint8), np.ones((5, 5), np.uint8)), bool)
        for chosen in (stays, ~stays & (np.arange(count) > 0))
    )
    # Close to the strokes, so that no step is left to overshoot when they are enlarged.
    return np.where(gone & ~drawn, PAPER, np.minimum(kept, PAPER))


def washed(source: Pixels) -> Values:
    """Paper under a wash that is darker where the photo is: h×w lightness, 1 white.

    Lines alone leave too little of some faces: the detector found 92 of 100, with the wash 95.
    """
    grey = np.asarray(cv2.cvtColor(to_float(source), cv2.COLOR_RGB2GRAY), np.float32)
    soft = cv2.GaussianBlur(grey, (0, 0), max(grey.shape) / SOFT)
    return np.asarray(1 - WASH * (1 - soft), np.float32)


def inked(lines: Values, paper: Values, size: tuple[int, int]) -> Iterator[tuple[int, Values]]:
    """Draws lines with ink on paper at any size, sharp.

    Args:
        lines: h×w, of `strokes`.
        paper: h×w, of `washed`.
        size: width and height of the drawing, px.

    Yields:
        The first row and n×W lightness, 0 black to 1 white, from top to bottom.
    """
    zoom = lines.shape[0] / size[1]
    for top in range(0, size[1], ROWS):
        bottom = min(top + ROWS, size[1])
        if (lines.shape[1], lines.shape[0]) == size:
            part, under = lines[top:bottom], paper[top:bottom]
        else:
            rows = np.float32((np.arange(top, bottom) + 0.5) * zoom - 0.5)
            columns = np.float32((np.arange(size[0]) + 0.5) * lines.shape[1] / size[0] - 0.5)
            across, down = np.meshgrid(columns, rows)
            part, under = (
                np.asarray(
                    cv2.remap(values, across, down, method, borderMode=cv2.BORDER_REPLICATE),
                    np.float32,
                )
                for values, method in ((lines, cv2.INTER_CUBIC), (paper, cv2.INTER_LINEAR))
            )
        yield top, (1 - _ink(part)) * under


def _ink(found: Values) -> Values:
    """Ink, 0 paper to 1 black."""
    return np.asarray(-np.tanh(np.float32(STEEP) * np.minimum(found, 0)), np.float32)


def _found(source: Pixels, people: Mask | None) -> Values:
    """`find_lines` of a part."""
    image = to_float(source)
    for _ in range(2):
        image = np.asarray(cv2.bilateralFilter(image, *CALM), np.float32)
    lab = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2Lab), np.float32) / np.float32(100)
    light = np.ascontiguousarray(lab[..., 0])
    outline = None
    if people is not None and people.min() < people.max():
        outline = 1 - np.float32(OUTLINE) * to_float(people)
        lab = np.dstack([lab, outline])
    along = _directions(lab)
    drawn, found = light, light
    for _ in range(ROUNDS):
        found = _along(_across(drawn, *along), *along)
        drawn = np.minimum(light, light * (1 - _ink(found)))
    found = np.minimum(found, COARSE * _coarse(light, along))
    if outline is not None:
        found = np.minimum(found, _along(_across(outline, *along), *along))
    return np.asarray(found, np.float32)


def _coarse(light: Values, along: tuple[Values, Values]) -> Values:
    """The lines that are seen at half the size: soft edges, and faces that are near."""
    height, width = light.shape
    half = max(1, width // 2), max(1, height // 2)
    small, *ways = (
        np.asarray(cv2.resize(values, half, interpolation=cv2.INTER_AREA), np.float32)
        for values in (light, *along)
    )
    found = _along(_across(small, *ways), *ways)
    return np.asarray(cv2.resize(found, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def _directions(layers: Values) -> tuple[Values, Values]:
    """Unit vectors along the edges, h×w each: the eigenvectors of the smoothed structure tensor."""
    x, y = (np.asarray(cv2.Scharr(layers, cv2.CV_32F, *axes) / 32) for axes in ((1, 0), (0, 1)))
    xx, xy, yy = (
        np.asarray(cv2.GaussianBlur(product.sum(2), (0, 0), DIRECTIONS), np.float32)
        for product in (x * x, x * y, y * y)
    )
    angle = np.arctan2(2 * xy, xx - yy) / 2
    return -np.sin(angle), np.cos(angle)


def _across(image: Values, along_x: Values, along_y: Values) -> Values:
    """The difference of Gaussians across the edges."""
    columns, rows = _grid(image)
    sigmas = SIGMA, WIDER * SIGMA
    sums, weights = [image.copy(), image.copy()], [1.0, 1.0]
    for distance in range(1, int(np.ceil(2 * sigmas[1])) + 1):
        pair = _at(image, columns - distance * along_y, rows + distance * along_x)
        pair += _at(image, columns + distance * along_y, rows - distance * along_x)
        for number, sigma in enumerate(sigmas):
            weight = float(np.exp(-(distance**2) / (2 * sigma**2)))
            sums[number] += np.float32(weight) * pair
            weights[number] += 2 * weight
    narrow, wide = (total / np.float32(weight) for total, weight in zip(sums, weights, strict=True))
    return np.asarray(narrow - np.float32(SENSITIVITY) * wide, np.float32)


def _along(image: Values, along_x: Values, along_y: Values) -> Values:
    """The mean along the edges, followed to both sides."""
    columns, rows = _grid(image)
    total, weights = image.copy(), 1.0
    for sign in (1, -1):
        x, y = columns.copy(), rows.copy()
        step_x, step_y = sign * along_x, sign * along_y
        for number in range(1, int(np.ceil(2 * ALONG / STEP)) + 1):
            x += np.float32(STEP) * step_x
            y += np.float32(STEP) * step_y
            weight = float(np.exp(-((number * STEP) ** 2) / (2 * ALONG**2)))
            total += np.float32(weight) * _at(image, x, y)
            weights += weight
            next_x, next_y = _at(along_x, x, y), _at(along_y, x, y)
            # An edge has no sense: go on in the one that was taken.
            back = next_x * step_x + next_y * step_y < 0
            step_x, step_y = np.where(back, -next_x, next_x), np.where(back, -next_y, next_y)
    return np.asarray(total / np.float32(weights), np.float32)


def _grid(image: Values) -> tuple[Values, Values]:
    height, width = image.shape
    columns, rows = np.meshgrid(
        np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    )
    return columns, rows


def _at(image: Values, x: Values, y: Values) -> Values:
    """Values between pixels; beyond the edge the picture is mirrored."""
    return np.asarray(
        cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101), np.float32
    )
