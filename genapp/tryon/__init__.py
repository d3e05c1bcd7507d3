"""Virtual try-on: true 3-D glasses, in millimetres, on the faces of a photo."""

from genapp.tryon.compare import Comparison, compare, compare_frames
from genapp.tryon.detectors import DETECTORS
from genapp.tryon.fit import NUDGE_LIMITS, Nudge
from genapp.tryon.frames import Frame, frame_names, load_frame
from genapp.tryon.gltf import write_glb
from genapp.tryon.live import Mirror, Shown
from genapp.tryon.matting import guided_filter
from genapp.tryon.outline import FaceShape, find_faces
from genapp.tryon.own import FRAME_FILES, open_frame, open_frames
from genapp.tryon.parse import parse_frames, parse_nudge
from genapp.tryon.parsing import (
    PARSER_NAMES,
    Parser,
    check_parser,
    face_parts,
    open_parser,
    person_parts,
)
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
    "DETECTORS",
    "DIOPTRES",
    "FRAME_FILES",
    "NUDGE_LIMITS",
    "PARSER_NAMES",
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
    "Parser",
    "Shown",
    "TryOn",
    "analyse",
    "check_parser",
    "choose",
    "compare",
    "compare_frames",
    "draw_thumbnail",
    "dress",
    "dress_each",
    "face_parts",
    "find_faces",
    "find_poses",
    "frame_names",
    "guided_filter",
    "load_frame",
    "open_frame",
    "open_frames",
    "open_parser",
    "parse_frames",
    "parse_nudge",
    "person_parts",
    "try_on",
    "write_glb",
]
