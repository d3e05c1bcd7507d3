"""Augmentation: a small data set grows by changed, mixed, painted and generated pictures."""

from genapp.augmenting.generative import DRAWERS
from genapp.augmenting.pipeline import (
    MOST_AT_ONCE,
    Augmented,
    Augmenter,
    New,
    augment,
    contact_sheet,
    filled,
    preview,
    write_zip,
)
from genapp.augmenting.probe import CLASSIFIERS, ClassGain, Comparison, Interval, Probe, probe
from genapp.augmenting.recipe import (
    FORMATS,
    Classic,
    Generative,
    Mixing,
    Recipe,
    Styling,
    parse_recipe,
    parse_setting,
    read_recipe,
)
from genapp.augmenting.sample import Step
from genapp.augmenting.sources import Box, Item, Source, open_source
from genapp.augmenting.warnings import Copies, flip_warnings, similar_pairs

__all__ = [
    "CLASSIFIERS",
    "DRAWERS",
    "FORMATS",
    "MOST_AT_ONCE",
    "Augmented",
    "Augmenter",
    "Box",
    "ClassGain",
    "Classic",
    "Comparison",
    "Copies",
    "Generative",
    "Interval",
    "Item",
    "Mixing",
    "New",
    "Probe",
    "Recipe",
    "Source",
    "Step",
    "Styling",
    "augment",
    "contact_sheet",
    "filled",
    "flip_warnings",
    "open_source",
    "parse_recipe",
    "parse_setting",
    "preview",
    "probe",
    "read_recipe",
    "similar_pairs",
    "write_zip",
]
