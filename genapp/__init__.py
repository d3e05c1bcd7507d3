"""Generative image models in people's hands.

The public functions are imported when they are first used, so that `import genapp` stays quick.
"""

from importlib import import_module
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
__all__ = [
    "__version__",
    "augment",
    "colorize",
    "faces",
    "outliers",
    "translate",
    "try_on",
    "upscale",
]

_PACKAGES = {
    "augment": "genapp.augmenting",
    "colorize": "genapp.colorizing",
    "faces": "genapp.facemaking",
    "outliers": "genapp.screening",
    "translate": "genapp.translating",
    "try_on": "genapp.tryon",
    "upscale": "genapp.upscaling",
}


def __getattr__(name: str) -> object:
    if name not in _PACKAGES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    function: object = getattr(import_module(_PACKAGES[name]), name)
    return function


def __dir__() -> list[str]:
    return sorted(__all__)
