"""Settings as people type them, on the command line and through the HTTP API."""

from dataclasses import fields

from genapp.errors import BadValue
from genapp.tryon.fit import Nudge, check_nudge

NO_GLASSES = "none"


def parse_frames(text: str) -> list[str | None]:
    """'aviator', or 'aviator,none,round': a frame for each face, the largest first.

    Raises:
        BadValue: there is nothing between two commas.
    """
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise BadValue(
            f"The frames are {text!r}.",
            f"Write names with commas between; '{NO_GLASSES}' for none.",
        )
    return [None if name == NO_GLASSES else name for name in names]


def parse_nudge(text: str) -> Nudge:
    """'right=2,down=-1.5,tilt=3,size=1.05': mm, degrees and times; '' leaves the frame alone.

    Raises:
        BadValue: another key, no number, or out of range.
    """
    known = [field.name for field in fields(Nudge)]
    values: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        key, _, number = (piece.strip() for piece in part.partition("="))
        try:
            values[key] = float(number)
        except ValueError:
            key = ""
        if key not in known:
            raise BadValue(
                f"{part!r} is no nudge.", f"Write one of {', '.join(known)}, as in 'down=2.5'."
            )
    nudge = Nudge(**values)
    check_nudge(nudge)
    return nudge
