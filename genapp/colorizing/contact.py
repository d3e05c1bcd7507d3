"""Several colourings of one photo, numbered, in one picture."""

from collections.abc import Sequence
from math import ceil

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from genapp.colorizing.pipeline import Colorized
from genapp.images import Photo, to_8_bit

CELL = 420
"""Longest side of each colouring, in pixels."""
GAP = 12
CAPTION = 26
PAPER, INK = (255, 255, 255), (30, 30, 30)


def contact_sheet(colorings: Sequence[Colorized]) -> Photo:
    """The colourings side by side, each under its number as candidate.

    Args:
        colorings: at least one; from `candidates`.
    """
    height, width = colorings[0].photo.pixels.shape[:2]
    zoom = min(1.0, CELL / max(height, width))
    cell = max(1, round(width * zoom)), max(1, round(height * zoom))
    columns = ceil(len(colorings) ** 0.5)
    rows = ceil(len(colorings) / columns)
    step = cell[0] + GAP, cell[1] + CAPTION + GAP
    sheet = Image.new("RGB", (columns * step[0] + GAP, rows * step[1] + GAP), PAPER)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(16)
    for number, coloring in enumerate(colorings):
        left = GAP + number % columns * step[0]
        top = GAP + number // columns * step[1]
        photo = coloring.photo
        image = Image.fromarray(to_8_bit(photo.pixels)).resize(cell, Image.Resampling.LANCZOS)
        alpha = None
        if photo.alpha is not None:
            alpha = Image.fromarray(to_8_bit(photo.alpha)).resize(cell)
        sheet.paste(image, (left, top), alpha)
        draw.text((left, top + cell[1] + 4), str(coloring.recipe["candidate"]), INK, font)
    first = colorings[0]
    return Photo(np.asarray(sheet), name=f"{first.photo.name}s", notes=first.notes)
