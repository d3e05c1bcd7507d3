"""The photo of a request, as the file that was sent.

Gradio's own preprocessing opens a picture before the function sees it: a damaged one ends in an
exception of Gradio's, and depth, alpha and colours are lost. So the events here run with
`preprocess=False` and leave the reading to `genapp.images`.
"""

import base64
import binascii
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import ImageData
from gradio.utils import get_upload_folder
from pydantic import ConfigDict

from genapp.errors import BadValue, UnreadablePicture

Payload = dict[str, Any]
"""What a page or a program sends for an image: the fields of Gradio's `ImageData`."""


def sent_file(payload: Payload | None) -> str | bytes | None:
    """Path of the uploaded file, or the bytes in a data: URL; None where there is no photo.

    Raises:
        UnreadablePicture: the data: URL is damaged, or the path is not that of an upload.
    """
    if payload is None:
        return None
    url = payload.get("url") or ""
    if not url.startswith("data:"):
        return _uploaded(payload.get("path"))
    try:
        return base64.b64decode(url.partition(",")[2], validate=True)
    except binascii.Error as error:
        raise UnreadablePicture(
            "The data: URL of the photo is damaged.", "Send 'data:image/png;base64,…', or a file."
        ) from error


def sent_files(payload: list[Payload] | Payload | None) -> list[str]:
    """Paths of uploaded files of any kind.

    Raises:
        UnreadablePicture: a path is not that of an upload.
    """
    if payload is None:
        return []
    several = payload if isinstance(payload, list) else [payload]
    return [path for each in several if (path := _uploaded(each.get("path"))) is not None]


def sent_number(name: str, value: object, remedy: str = "Send a number.") -> float | None:
    """A number that a program sent, where anything may come. Raises `BadValue` for all else."""
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise BadValue(f"The {name} is {value!r}.", remedy)


def number_or(name: str, value: object, default: float) -> float:
    """The same, or the default where nothing was sent."""
    number = sent_number(name, value)
    return default if number is None else number


def sent_whole(name: str, value: object) -> int | None:
    """A whole number that a program sent. Raises `BadValue` for all else."""
    number = sent_number(name, value)
    if number is not None and number != int(number):
        raise BadValue(f"The {name} is {value!r}.", "Send a whole number.")
    return None if number is None else int(number)


def whole_or(name: str, value: object, default: int) -> int:
    """The same, or the default where nothing was sent."""
    number = sent_whole(name, value)
    return default if number is None else number


def _uploaded(path: str | None) -> str | None:
    """Gradio lets a path pass whose payload lacks its usual mark, so the server's own files would
    be open to anybody."""
    if path is None:
        return None
    if not Path(path).resolve().is_relative_to(Path(get_upload_folder()).resolve()):
        raise UnreadablePicture("The photo was not uploaded to this server.", "Upload it first.")
    return path


class PhotoData(ImageData):  # type: ignore[misc]  # (mypy does not read gradio)
    """`ImageData` that tells a program what to send, where Gradio says nothing."""

    model_config = ConfigDict(title="ImageData")

    @classmethod
    def model_validate(cls, obj: object, *, context: dict[str, Any] | None = None) -> ImageData:
        """Raises `gr.Error` for what is no file at all, such as a bare path."""
        if not isinstance(obj, dict | ImageData):
            raise gr.Error(
                f"The photo is of type {type(obj).__name__}, not a file. With gradio_client, send "
                "handle_file('photo.jpg'); over HTTP, {'path': …} with what /upload answered.",
                print_exception=False,
            )
        return super().model_validate(obj, context=context)


def hidden_photo(label: str) -> gr.Image:
    """A photo among the inputs of an endpoint, which the page does not show."""
    photo = gr.Image(label=label, type="filepath", visible=False)
    photo.data_model = PhotoData
    return photo
