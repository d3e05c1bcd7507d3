"""DeOldify (Jason Antic, https://github.com/jantic/DeOldify), from the Hub: `colorize/deoldify.…`.

It gives a picture of which only the colours are taken, and takes no hints.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from genapp.colorizing.colorizer import Coarse
from genapp.colorizing.hints import Hint
from genapp.colorizing.square import from_square, grey_rgb, to_square
from genapp.registry.engines import Engine

Array = npt.NDArray[np.float32]

SIDE = 256
"""Of the square that it sees."""


class DeOldify:
    """The network behind `Colorizer`.

    Args:
        engine: input `image`, 1×3×256×256 grey RGB, 0..255; output `colored`, the same in colour.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def colors(self, lightness: Array, hints: Sequence[Hint]) -> Coarse:
        """See `Colorizer.colors`."""
        square, place = to_square(lightness, SIDE)
        image = np.ascontiguousarray(grey_rgb(square).transpose(2, 0, 1)[None])
        colored = self._engine.run({"image": image * np.float32(255)})["colored"][0]
        rgb = np.clip(colored.transpose(1, 2, 0) / 255, 0, 1).astype(np.float32)
        lab = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2Lab), np.float32)
        return Coarse(from_square(lab[..., 1:], place, lightness))
