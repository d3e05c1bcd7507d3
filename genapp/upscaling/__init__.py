"""Super-resolution: larger pictures, nothing lost, nothing invented unless asked."""

from genapp.upscaling.alpha import bleed
from genapp.upscaling.damage import damage
from genapp.upscaling.faces import (
    RESTORER,
    Patch,
    check_restorer,
    chosen_faces,
    face_mask,
    restore,
)
from genapp.upscaling.pipeline import (
    Enlarged,
    Finish,
    Upscaled,
    enlarge,
    finish,
    joined_masks,
    read_mask,
    seconds_a_megapixel,
    size_of,
    upscale,
)
from genapp.upscaling.plan import (
    LARGEST,
    MAX_MEGAPIXELS,
    PREFIX,
    SMALLEST,
    Plan,
    Speeds,
    listed_cost,
    listed_quality,
    make_plan,
    upscalers,
)
from genapp.upscaling.progress import Clock, Progress
from genapp.upscaling.resample import BICUBIC, interpolated, rows_of

__all__ = [
    "BICUBIC",
    "LARGEST",
    "MAX_MEGAPIXELS",
    "PREFIX",
    "RESTORER",
    "SMALLEST",
    "Clock",
    "Enlarged",
    "Finish",
    "Patch",
    "Plan",
    "Progress",
    "Speeds",
    "Upscaled",
    "bleed",
    "check_restorer",
    "chosen_faces",
    "damage",
    "enlarge",
    "face_mask",
    "finish",
    "interpolated",
    "joined_masks",
    "listed_cost",
    "listed_quality",
    "make_plan",
    "read_mask",
    "restore",
    "rows_of",
    "seconds_a_megapixel",
    "size_of",
    "upscale",
    "upscalers",
]
