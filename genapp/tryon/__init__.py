"""Virtual try-on: true 3-D glasses, in millimetres, on the faces of a photo."""

from genapp.tryon.compare import Comparison, compare, compare_frames
from genapp.tryon.fit import NUDGE_LIMITS, Nudge
from genapp.tryon.frames import Frame, frame_names, load_frame
from genapp.tryon.gltf import write_glb
from genapp.tryon.live import Mirror, Shown
from genapp.tryon.matting import guided_filter
from genapp.tryon.outline import FaceShape, find_faces
from genapp.tryon.own import FRAME_FILES, open_frame, open_frames
from genapp.tryon.parse import parse_frames, parse_nudge
from genapp.tryon.pipeline import (
    Analysis,
    Choice,
    Face,
    TryOn,
    analyse,
    choose,
    dress,
    dress_each,
    try_on,
)
from genapp.tryon.poses import FacePose, find_poses
from genapp.tryon.refract import DIOPTRES
from genapp.tryon.render import Look
from genapp.tryon.thumbnail import draw_thumbnail

__all__ = [
    "DIOPTRES",
    "FRAME_FILES",
    "NUDGE_LIMITS",
    "Analysis",
    "Choice",
    "Comparison",
    "Face",
    "FacePose",
    "FaceShape",
    "Frame",
    "Look",
    "Mirror",
    "Nudge",
    "Shown",
    "TryOn",
    "analyse",
    "choose",
    "compare",
    "compare_frames",
    "draw_thumbnail",
    "dress",
    "dress_each",
    "find_faces",
    "find_poses",
    "frame_names",
    "guided_filter",
    "load_frame",
    "open_frame",
    "open_frames",
    "parse_frames",
    "parse_nudge",
    "try_on",
    "write_glb",
]
