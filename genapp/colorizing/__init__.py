"""Colours for grey photographs: the user's, where the user knows, and else plausible ones."""

from genapp.colorizing.hints import Hint, color_name, parse_color, parse_hint
from genapp.colorizing.models import PREFIX, choose_model, colorizers
from genapp.colorizing.pipeline import (
    Analysis,
    Colorized,
    Look,
    analyse,
    candidates,
    colorize,
    heat_map,
    paint,
    read_mask,
    uncertainty,
    working_size,
)

__all__ = [
    "PREFIX",
    "Analysis",
    "Colorized",
    "Hint",
    "Look",
    "analyse",
    "candidates",
    "choose_model",
    "color_name",
    "colorize",
    "colorizers",
    "heat_map",
    "paint",
    "parse_color",
    "parse_hint",
    "read_mask",
    "uncertainty",
    "working_size",
]
