"""An image input that hands the file on as it was uploaded."""

import gradio as gr
from gradio.data_classes import ImageData


def hand_on_files(image: gr.Image) -> gr.Image:
    """Make an image input give the path of the uploaded file.

    Gradio opens a picture before the function sees it: a damaged one ends in an exception of
    Gradio's own, and 16 bits may be lost. `genapp.images` reads it better.
    """
    decode_base64 = image.preprocess

    def path_of(payload: ImageData | None) -> object:
        if payload is not None and payload.url and payload.url.startswith("data:"):
            return decode_base64(payload)
        return None if payload is None else payload.path

    image.preprocess = path_of
    return image
