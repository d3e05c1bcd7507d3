"""What one visitor of the Try-on tab sees: a photo, its faces, and what each of them wears."""

from dataclasses import dataclass, replace
from pathlib import Path

import gradio as gr
from PIL import Image

from genapp import images
from genapp.errors import UnreadablePicture
from genapp.registry.engines import Engines
from genapp.tryon import Analysis, Choice, Comparison, TryOn, analyse, compare, dress_each
from genapp.ui.files import save_result

LONGEST = 1280
"""Of the picture on the screen, px. The download has the photo's own size."""
EVERYONE = 0
"""The number of a face is its place in the analysis, counted from 1."""
FACE_SIDE = 96


@dataclass(frozen=True, eq=False)
class Fitting:
    """A visitor's photo with what the networks found in it, and the last result."""

    source: str | bytes
    measured_by: tuple[float | None, bool]
    """The pupillary distance, if the visitor told it, and whether a card is in the photo."""
    analysis: Analysis
    before: Path
    """The photo as every browser shows it."""
    choices: tuple[Choice | None, ...]
    """What each face wears; empty before the first frame."""
    after: Path | None = None
    """The last result."""

    def choose(self, choice: Choice | None, who: int) -> "Fitting":
        """Give a frame, or none, to everyone or to one face."""
        count = len(self.analysis.faces)
        if not 1 <= who <= count or not self.choices:
            return replace(self, choices=(choice,) * count)
        changed = list(self.choices)
        changed[who - 1] = choice
        return replace(self, choices=tuple(changed))

    def worn_by(self, who: int) -> Choice | None:
        """What a face wears; of everyone, the largest face."""
        return self.choices[max(who - 1, 0)] if 0 <= who <= len(self.choices) else None


def see(
    source: str | bytes,
    pd_mm: float | None,
    card: bool,
    engines: Engines,
    progress: gr.Progress,
) -> Fitting:
    """Read and analyse a photo. Raises the `UserError`s of `read` and `analyse`."""
    progress(0.1, desc="Reading the photo")
    if isinstance(source, str) and not Path(source).exists():
        raise UnreadablePicture("Your photo was deleted after ten minutes.", "Upload it again.")
    photo = images.read(source)
    progress(0.3, desc="Looking for faces")
    analysis = analyse(photo, engines, pd_mm=pd_mm, card=card)
    return Fitting(source, (pd_mm, card), analysis, _save_before(analysis), ())


def draw(fitting: Fitting) -> tuple[Fitting, TryOn]:
    """Draw what the faces wear, for the screen. Only the newest result of a visitor is kept."""
    if fitting.after:
        fitting.after.unlink(missing_ok=True)
    worn = dress_each(fitting.analysis.preview(LONGEST), fitting.choices)
    # Deleted when its time has come, however long the visitor goes on.
    before = fitting.before if fitting.before.exists() else _save_before(fitting.analysis)
    return replace(fitting, before=before, after=save(worn.photo)), worn


def draw_full_size(fitting: Fitting) -> Path:
    """The same at the photo's own size, as a PNG."""
    return save(dress_each(fitting.analysis, fitting.choices).photo)


def save(photo: images.Photo) -> Path:
    """A picture as a PNG that Gradio serves."""
    return save_result(images.encode(photo, "png"), f"{photo.name}.png")


def draw_comparison(fitting: Fitting, choices: list[Choice], who: int) -> tuple[Comparison, Path]:
    """Several frames on one face, and the sheet as a PNG that Gradio serves."""
    result = compare(fitting.analysis, choices, face=max(who - 1, 0))
    return result, save(result.sheet)


def face_pictures(fitting: Fitting) -> list[tuple[Image.Image, str]]:
    """For a gallery: everyone, then each face, with captions."""
    photo = fitting.analysis.photo
    height, width = photo.pixels.shape[:2]
    boxes = [(0.0, 0.0, float(width), float(height))]
    boxes += [face.mesh.box for face in fitting.analysis.faces]
    names = ["Everyone", *(f"Face {number}" for number in range(1, len(boxes)))]
    return [(_square(photo, box), name) for box, name in zip(boxes, names, strict=True)]


def _square(photo: images.Photo, box: tuple[float, float, float, float]) -> Image.Image:
    x, y, width, height = box
    side = min(max(width, height) * 1.2, *photo.pixels.shape[:2])
    left = int(min(max(x + (width - side) / 2, 0), photo.pixels.shape[1] - side))
    top = int(min(max(y + (height - side) / 2, 0), photo.pixels.shape[0] - side))
    part = photo.pixels[top : top + int(side), left : left + int(side)]
    return Image.fromarray(images.to_8_bit(part)).resize((FACE_SIDE, FACE_SIDE))


def _save_before(analysis: Analysis) -> Path:
    # Anew, because browsers show no TIFF, and turn inks into other colours than ours.
    return save_result(images.encode(analysis.preview(LONGEST).photo, "png"), "before.png")
