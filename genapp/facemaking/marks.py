"""Marks that say that a network made a picture.

IPTC's term for that is "trainedAlgorithmicMedia"
(https://cv.iptc.org/newscodes/digitalsourcetype/).
"""

from dataclasses import replace

from PIL import ExifTags, Image

from genapp.facemaking.recipe import Recipe
from genapp.images import Photo

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
SENTENCE = "AI-generated: this person does not exist."


def marked(photo: Photo, recipe: Recipe) -> Photo:
    """The picture with EXIF data that say what it is and how to make it again."""
    block = Image.Exif()
    block[ExifTags.Base.ImageDescription] = f"{SENTENCE} digitalSourceType={SOURCE_TYPE}"
    block[ExifTags.Base.Software] = f"genapp, {recipe}"
    return replace(photo, exif=block.tobytes())
