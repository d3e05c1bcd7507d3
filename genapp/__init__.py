"""Generative image models in people's hands.

The public functions are imported when they are first used, so that `import genapp` stays quick.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genapp.augmenting import augment
    from genapp.colorizing import colorize
    from genapp.facemaking import faces
    from genapp.screening import outliers
    from genapp.translating import translate
    from genapp.tryon import try_on
    from genapp.upscaling import upscale

__version__ = "0.1.0"
__all__ = ["__version__", "augment", "colorize", "faces", "outliers", "translate", "try_on", "upscale"]


def __getattr__(name: str) -> object:
    if name == "augment":
        from genapp.augmenting import augment  # noqa: PLC0415

        return augment
    if name == "colorize":
        from genapp.colorizing import colorize  # noqa: PLC0415

        return colorize
    if name == "faces":
        from genapp.facemaking import faces  # noqa: PLC0415

        return faces
    if name == "outliers":
        from genapp.screening import outliers  # noqa: PLC0415

        return outliers
    if name == "translate":
        from genapp.translating import translate  # noqa: PLC0415

        return translate
    if name == "try_on":
        from genapp.tryon import try_on  # noqa: PLC0415

        return try_on
    if name == "upscale":
        from genapp.upscaling import upscale  # noqa: PLC0415

        return upscale
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
