"""Translation: a photo painted in a style, or put into another light or season."""

from genapp.translating.hub_styles import HUB_STYLES, HubStyle
from genapp.translating.listing import ListedStyle, list_styles
from genapp.translating.looks import LOOKS, Look
from genapp.translating.painters import only_looks
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
from genapp.translating.sketch_face import MODEL as SKETCH_FACE
from genapp.translating.sketch_face import DrawnFace, sketch_to_face
from genapp.translating.styles import (
    STYLES,
    BuiltIn,
    Style,
    default_face_strength,
    known_names,
    parse_styles,
    read_styles,
    style_names,
)

__all__ = [
    "HUB_STYLES",
    "LARGEST_DETAIL",
    "LOOKS",
    "MAX_MEGAPIXELS",
    "REGIONS",
    "SKETCH_FACE",
    "SMALLEST_DETAIL",
    "SMALLEST_SIDE",
    "STYLES",
    "BuiltIn",
    "DrawnFace",
    "Finish",
    "HubStyle",
    "ListedStyle",
    "Look",
    "Painted",
    "Plan",
    "Style",
    "Translated",
    "default_face_strength",
    "finish",
    "known_names",
    "list_styles",
    "make_plan",
    "only_looks",
    "paint",
    "parse_styles",
    "read_styles",
    "region_mask",
    "sketch_to_face",
    "style_names",
    "translate",
]
