"""Faces of people who do not exist, and what can be done with them."""

from genapp.facemaking.align import align
from genapp.facemaking.animation import write_animation
from genapp.facemaking.dataset import Dataset, write_dataset
from genapp.facemaking.edits import SLIDERS, slider_names, slider_ranges
from genapp.facemaking.generator import GENERATOR, Generator, open_generator
from genapp.facemaking.latent import (
    MOST_TRUNCATION,
    TRUNCATION,
    mix,
    neighbour_seeds,
    neighbours,
    noise,
    path,
    towards,
    w_of,
)
from genapp.facemaking.likeness import Index, Likeness, open_index
from genapp.facemaking.makers import Maker, maker_names, open_maker
from genapp.facemaking.marks import recipe_line
from genapp.facemaking.pipeline import (
    ENLARGED,
    Face,
    Faces,
    consecutive,
    dress,
    faces,
    from_recipe,
    make_face,
    make_faces,
    recipe_w,
)
from genapp.facemaking.projection import cut_out, project
from genapp.facemaking.recipe import (
    COARSE,
    Recipe,
    neighbour_recipes,
    packed,
    parse_edits,
    parse_mix,
    parse_recipe,
    unpacked,
)
from genapp.facemaking.seeds import parse_seeds
from genapp.facemaking.sheet import sheet

__all__ = [
    "COARSE",
    "ENLARGED",
    "GENERATOR",
    "MOST_TRUNCATION",
    "SLIDERS",
    "TRUNCATION",
    "Dataset",
    "Face",
    "Faces",
    "Generator",
    "Index",
    "Likeness",
    "Maker",
    "Recipe",
    "align",
    "consecutive",
    "cut_out",
    "dress",
    "faces",
    "from_recipe",
    "make_face",
    "make_faces",
    "maker_names",
    "mix",
    "neighbour_recipes",
    "neighbour_seeds",
    "neighbours",
    "noise",
    "open_generator",
    "open_index",
    "open_maker",
    "packed",
    "parse_edits",
    "parse_mix",
    "parse_recipe",
    "parse_seeds",
    "path",
    "project",
    "recipe_line",
    "recipe_w",
    "sheet",
    "slider_names",
    "slider_ranges",
    "towards",
    "unpacked",
    "w_of",
    "write_animation",
    "write_dataset",
]
