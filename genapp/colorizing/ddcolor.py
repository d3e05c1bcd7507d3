"""DDColor (Kang et al. 2023, https://arxiv.org/abs/2212.11613), from the Hub: `colorize/ddcolor.…`.

It gives one colour a place, and takes no hints.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genapp.colorizing.colorizer import Coarse
from genapp.colorizing.hints import Hint
from genapp.colorizing.square import from_square, grey_rgb, to_square
from genapp.registry.engines import Engine

Array = npt.NDArray[np.float32]

SIDE = 512
"""Of the square that it sees. Its authors' demo squashes every photo into it."""


class DDColor:
    """The network behind `Colorizer`.

    Args:
        engine: input `image`, 1×3×512×512 grey RGB, 0..1; output `ab`, 1×2×512×512, CIELAB units.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def colors(self, lightness: Array, hints: Sequence[Hint]) -> Coarse:
        """See `Colorizer.colors`."""
        square, place = to_square(lightness, SIDE)
        image = np.ascontiguousarray(grey_rgb(square).transpose(2, 0, 1)[None])
        ab = self._engine.run({"image": image})["ab"][0].transpose(1, 2, 0)
        return Coarse(from_square(ab, place, lightness))
