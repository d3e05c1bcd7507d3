"""Colours for grey photographs: the user's, where the user knows, and else plausible ones."""

from genapp.colorizing.clean import Clean
from genapp.colorizing.contact import contact_sheet
from genapp.colorizing.hints import Hint, color_name, parse_color, parse_hint
from genapp.colorizing.look import Look
from genapp.colorizing.models import PREFIX, choose_model, colorizers, sketchers
from genapp.colorizing.pipeline import (
    Analysis,
    Colorized,
    analyse,
    candidates,
    colorize,
    heat_map,
    paint,
    read_mask,
    uncertainty,
    working_size,
)
from genapp.colorizing.reference import Palette, color_at, palette_of
from genapp.colorizing.sketch import PALETTES, looks_drawn
from genapp.colorizing.source import Source, look_at

__all__ = [
    "PALETTES",
    "PREFIX",
    "Analysis",
    "Clean",
    "Colorized",
    "Hint",
    "Look",
    "Palette",
    "Source",
    "analyse",
    "candidates",
    "choose_model",
    "color_at",
    "color_name",
    "colorize",
    "colorizers",
    "contact_sheet",
    "heat_map",
    "look_at",
    "looks_drawn",
    "paint",
    "palette_of",
    "parse_color",
    "parse_hint",
    "read_mask",
    "sketchers",
    "uncertainty",
    "working_size",
]
