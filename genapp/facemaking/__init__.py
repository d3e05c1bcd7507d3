"""Faces of people who do not exist, and what can be done with them."""

from genapp.facemaking.edits import slider_names
from genapp.facemaking.generator import Generator, open_generator
from genapp.facemaking.latent import mix, neighbour_seeds, neighbours, noise, path, towards, w_of
from genapp.facemaking.makers import Maker, maker_names, open_maker
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
from genapp.facemaking.recipe import Recipe, packed, parse_recipe, unpacked

__all__ = [
    "ENLARGED",
    "Face",
    "Faces",
    "Generator",
    "Maker",
    "Recipe",
    "consecutive",
    "dress",
    "faces",
    "from_recipe",
    "make_face",
    "make_faces",
    "maker_names",
    "mix",
    "neighbour_seeds",
    "neighbours",
    "noise",
    "open_generator",
    "open_maker",
    "packed",
    "parse_recipe",
    "path",
    "recipe_w",
    "slider_names",
    "towards",
    "unpacked",
    "w_of",
]
