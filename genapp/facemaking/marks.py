"""Marks in the files' metadata that say that a network made a picture, and how to make it again.

XMP names IPTC's digital source type "trainedAlgorithmicMedia", which platforms look for, and EXIF
says the same in a sentence, beside the recipe. Whoever wants to hide where a picture comes from can
remove both: they are for people who mean well. Signed marks (C2PA) need a certificate with a
private key, which software that is open to all cannot carry.
"""

import re
from dataclasses import replace

from PIL import ExifTags, Image

from genapp.facemaking.recipe import VERSION, Recipe
from genapp.images import Photo

ORIGIN = "trainedAlgorithmicMedia"
SENTENCE = "AI-generated: this person does not exist."
SENTENCES = "AI-generated: these people do not exist."
LINE = re.compile(rf"{re.escape(VERSION)} [!-~ ]+")


def marked(photo: Photo, recipe: Recipe | None) -> Photo:
    """The picture with metadata that say what it is and, of one face, how to make it again."""
    block = Image.Exif()
    block[ExifTags.Base.ImageDescription] = SENTENCES if recipe is None else f"{SENTENCE} {recipe}"
    block[ExifTags.Base.Software] = "genapp"
    return replace(photo, exif=block.tobytes(), origin=ORIGIN)


def recipe_line(photo: Photo) -> str | None:
    """The recipe in the metadata of a face, if it has one."""
    if photo.exif is None:
        return None
    block = Image.Exif()
    block.load(photo.exif)
    found = LINE.search(str(block.get(ExifTags.Base.ImageDescription, "")))
    return None if found is None else found[0].strip()
