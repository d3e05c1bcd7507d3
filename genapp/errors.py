"""What a user did wrong, and what to do about it.

Every error a user can cause is a `UserError`. The browser shows it as a message and the command
line prints it as one line; any other exception is a bug.
"""

# The names say what happened; "Error" at the end of each would add nothing.
# ruff: noqa: N818

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(Exception):
    """A mistake the user can put right.

    Attributes:
        message: what was wrong, one full sentence.
        remedy: what to do about it, one full sentence.
    """

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message, remedy)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}"


class UnreadablePicture(UserError):
    """The file is missing, is no picture, is damaged, or is of a kind that cannot be read."""


class TooLarge(UserError):
    """The picture has more pixels, or the model more bytes or triangles, than the limit."""


class UnreadableFrame(UserError):
    """The file is no model or picture of glasses, is damaged, or is of a kind that cannot be
    read."""


class NoFace(UserError):
    """No face was found where one is needed."""


class BadValue(UserError):
    """An option, an array or an output path that makes no sense."""


class ModelMissing(UserError):
    """A model's bytes are not on this machine and cannot be fetched."""


class HashMismatch(UserError):
    """A model's bytes are not the ones the catalogue names."""


class OutOfMemory(UserError):
    """The device ran out of memory."""


class Cancelled(UserError):
    """The user stopped what was running."""


class UnknownName(UserError):
    """No model, frame, style… has this name.

    Args:
        kind: what was looked for, singular: "model", "frame", "style".
        name: the name that was given.
        known: every name that would have been right.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = tuple(known)
        # The last part of a name ("face/mesh.v2" → "mesh.v2") is what people remember.
        close = get_close_matches(name, names, n=3, cutoff=0.5) or [
            candidate for candidate in names if name and name.lower() in candidate.lower()
        ]
        if close:
            remedy = f"Did you mean {_or_list(close[:3])}?"
        elif names:
            remedy = (
                f"The known names are {', '.join(sorted(names)[:12])}{', …' * (len(names) > 12)}."
            )
        else:
            remedy = f"There is no {kind} here yet."
        super().__init__(f"There is no {kind} named {name!r}.", remedy)
        # What a worker process pickles to hand the error on.
        self.args = (kind, name, names)


def check_number(name: str, value: object, low: float, high: float) -> float:
    """A setting as a number from `low` to `high`. Raises `BadValue` if it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise BadValue(f"The {name} is {value!r}.", f"Choose a number from {low:g} to {high:g}.")
    return float(value)


def _or_list(names: list[str]) -> str:
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} or {names[-1]}"
