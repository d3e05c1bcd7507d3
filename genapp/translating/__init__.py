"""Translation: a photo painted in a style, built in or taken from any picture."""

from genapp.translating.pipeline import Finish, Painted, Translated, finish, paint, translate
from genapp.translating.plan import (
    LARGEST_DETAIL,
    MAX_MEGAPIXELS,
    SMALLEST_DETAIL,
    SMALLEST_SIDE,
    Plan,
    make_plan,
)
from genapp.translating.regions import REGIONS, region_mask
from genapp.translating.styles import (
    STYLES,
    BuiltIn,
    Style,
    default_face_strength,
    parse_styles,
    read_styles,
    style_names,
)

__all__ = [
    "LARGEST_DETAIL",
    "MAX_MEGAPIXELS",
    "REGIONS",
    "SMALLEST_DETAIL",
    "SMALLEST_SIDE",
    "STYLES",
    "BuiltIn",
    "Finish",
    "Painted",
    "Plan",
    "Style",
    "Translated",
    "default_face_strength",
    "finish",
    "make_plan",
    "paint",
    "parse_styles",
    "read_styles",
    "region_mask",
    "style_names",
    "translate",
]
