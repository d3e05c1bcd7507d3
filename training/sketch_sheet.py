"""How a colouriser of sketches does on held-out pictures: figures, and a sheet to look at."""

from pathlib import Path

import color_data
import color_sheet
import cv2
import lines
import numpy as np
import numpy.typing as npt
import sketch_data
import torch
from light_loss import LEVELS

from genapp.colorizing import sketch
from genapp.nets.colorizer import Colorizer

Array = npt.NDArray[np.float32]

SIDE = 160  # short side of what the network sees
SHOWN = (("fakefaces", 10), ("faker", 4), ("imagenet", 10), ("flowers", 3), ("bsds", 5))
MEASURED = (("fakefaces", 16), ("faker", 8), ("imagenet", 12), ("flowers", 6), ("bsds", 6))
COLUMNS, CELL = 4, 144


def drawn(image: color_data.Bytes, number: int) -> tuple[Array, Array]:
    """Returns S×S×3 RGB and its drawing, S×S lightness: always the same for a ``number``."""
    rng = np.random.default_rng(number)
    large = np.asarray(color_sheet.square(color_data.to_float(image), 2 * SIDE))
    small = cv2.resize(large, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32), sketch.prepare(lines.drawing(large, SIDE, rng))


@torch.no_grad()
def predict(net: Colorizer, drawing: Array) -> Array:
    """Returns the H×W×3 Lab wash under an H×W drawing, without hints."""
    x = torch.from_numpy(np.ascontiguousarray(drawing))[None, None]
    found, _ = net.eval()(x, x.new_zeros(1, 4, *x.shape[2:]))
    logits = found[0].numpy()
    coarse = sketch.read_out(logits[:-LEVELS], logits[-LEVELS:], net.bins.numpy())
    return np.asarray(cv2.resize(coarse, x.shape[:1:-1], interpolation=cv2.INTER_CUBIC), np.float32)


def figures(net: Colorizer, pictures: color_data.Pictures) -> str:
    """Returns ΔE2000 of the wash, beside that of a flat one, and mean chroma by the truth's."""
    parts = []
    for name, kinds in (("faces", MEASURED[:2]), ("photos", MEASURED[2:])):
        rows = []
        for number in color_sheet.choose(pictures, kinds):
            image, drawing = drawn(pictures[number], number)
            truth, made = sketch_data.wash(image), predict(net, drawing)
            flat = np.zeros_like(truth) + truth.mean((0, 1))
            chromas = [np.linalg.norm(lab[..., 1:], axis=2).mean() for lab in (made, truth)]
            light = np.abs(made - truth)[..., 0].mean()
            errors = [color_sheet.delta_e(truth, lab) for lab in (made, flat)]
            rows.append([*errors, light, *chromas])
        error, flat_error, light, chroma, true_chroma = np.mean(rows, 0)
        parts.append(
            f"{name} dE {error:.2f} (own mean colour {flat_error:.2f}) dL {light:.1f} "
            f"chroma {chroma / true_chroma:.2f}"
        )
    return " | ".join(parts)


def write(net: Colorizer, pictures: color_data.Pictures, path: Path) -> None:
    """Writes a sheet: drawing, wash, wash under the lines, truth of 32 held-out pictures."""
    cells = []
    for number in color_sheet.choose(pictures, SHOWN):
        image, drawing = drawn(pictures[number], number)
        wash = color_sheet.lab_to_rgb(predict(net, drawing))
        paper = np.repeat(drawing[..., None] / 100, 3, 2)
        cells.append(np.hstack([paper, wash, wash * paper, image]))
    rows = [np.hstack(cells[start : start + COLUMNS]) for start in range(0, len(cells), COLUMNS)]
    sheet = np.vstack(rows).clip(0, 1)
    sheet = cv2.resize(sheet, None, fx=CELL / SIDE, fy=CELL / SIDE, interpolation=cv2.INTER_AREA)
    pixels = (np.asarray(sheet) * 255 + 0.5).astype(np.uint8)
    cv2.imwrite(str(path), cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
