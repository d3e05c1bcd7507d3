"""Virtual try-on: true 3-D glasses, in millimetres, on the faces of a photo."""

from genapp.tryon.frames import Frame, frame_names, load_frame
from genapp.tryon.pipeline import Analysis, Face, TryOn, analyse, dress, try_on
from genapp.tryon.render import Look
from genapp.tryon.thumbnail import draw_thumbnail

__all__ = [
    "Analysis",
    "Face",
    "Frame",
    "Look",
    "TryOn",
    "analyse",
    "draw_thumbnail",
    "dress",
    "frame_names",
    "load_frame",
    "try_on",
]
