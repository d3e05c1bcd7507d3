"""What finds the faces: BlazeFace, which comes with genapp, or YuNet, from the Hub."""

from genapp.errors import UnknownName
from genapp.images import Pixels
from genapp.registry.engines import Engines
from genapp.tryon import yunet
from genapp.tryon.detect import Detection, detect

BLAZEFACE, YUNET = "blazeface", "yunet"
DETECTORS = (BLAZEFACE, YUNET)


def check_detector(detector: str) -> None:
    """Raises `UnknownName` for what is no detector."""
    if detector not in DETECTORS:
        raise UnknownName("detector", detector, DETECTORS)


def find(pixels: Pixels, engines: Engines, detector: str = BLAZEFACE) -> list[Detection]:
    """The faces in a picture, largest first; possibly none.

    Args:
        pixels: H×W×3 RGB, uint8 or uint16.
        engines: where the networks come from.
        detector: one of `DETECTORS`.

    Raises:
        UnknownName: there is no such detector.
        ModelMissing, HashMismatch: its bytes are not to be had, or wrong.
    """
    check_detector(detector)
    return yunet.find(pixels, engines) if detector == YUNET else detect(pixels, engines)
