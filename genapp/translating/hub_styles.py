"""Styles whose networks are fetched from the Hub: one network a style, of any maker.

Each is an entry `translate/…` of the catalogue with `shared_norms`: a picture in, a painting out,
in the ranges that its ports name.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genapp.errors import OutOfMemory
from genapp.registry.engines import Engines
from genapp.registry.graphs import SHARED, STATISTICS, USED

IMAGE, PAINTING = "image", "painting"
"""Names of the ports."""
PROBE = (64, 96)
"""Height and width of a picture to see whether sizes are free, px."""
UNUSED = np.ones((2, 16_384), np.float32)
"""Statistics that no network looks at, for at least as many channels as any has."""

Values = NDArray[np.float32]


@dataclass(frozen=True)
class HubStyle:
    """A style that a network of its own paints."""

    name: str
    description: str
    model: str
    """Name in the catalogue."""
    side: int
    """Of the square that the network was exported for, px. It is kept to where it must be."""
    face_strength: float = 1.0
    """As in `BuiltIn`. Unmeasured: below 1 for those that cover faces with shapes."""


HUB_STYLES = (
    HubStyle(
        "line-art",
        "Few, clean lines on white, as drawn with a pen.",
        "translate/informative-drawings.line-art",
        512,
    ),
    HubStyle(
        "anime-face",
        "A painted cartoon: large eyes, even skin, soft colours. Made for portraits.",
        "translate/animeganv2.face-paint",
        512,
    ),
    HubStyle(
        "mosaic",
        "Coloured panes between dark edges, like a church window.",
        "translate/fast-neural-style.mosaic",
        224,
        0.6,
    ),
    HubStyle(
        "candy",
        "Bright sweets: rings and swirls in red, green and blue.",
        "translate/fast-neural-style.candy",
        224,
        0.6,
    ),
    HubStyle(
        "udnie",
        "Tilted planes in ochre and grey, after a cubist painting.",
        "translate/fast-neural-style.udnie",
        224,
        0.6,
    ),
    HubStyle(
        "pointilism",
        "Dots of pure colour beside each other.",
        "translate/fast-neural-style.pointilism",
        224,
        0.6,
    ),
    HubStyle(
        "rain-princess",
        "Broad strokes of the palette knife in warm light on dark blue.",
        "translate/fast-neural-style.rain-princess",
        224,
        0.6,
    ),
)


def hub_style_names() -> tuple[str, ...]:
    """Names of all of them, here or not."""
    return tuple(style.name for style in HUB_STYLES)


class HubBrush:
    """A network from the Hub, ready to paint; see `tiles.Painter`.

    Args:
        style: which.
        engines: where the network comes from.

    Raises:
        ModelMissing, HashMismatch: its bytes are not to be had, or wrong.
    """

    def __init__(self, style: HubStyle, engines: Engines) -> None:
        model = engines.catalog.get(style.model)
        self._engine = engines.get(style.model)
        (given,) = (port for port in model.inputs if port.name == IMAGE)
        (returned,) = (port for port in model.outputs if port.name == PAINTING)
        self._given, self._returned = given.range or (0.0, 1.0), returned.range or (0.0, 1.0)
        self.multiple = model.size_multiple
        self.lines = returned.colors == "grey"
        self.side = None if self._takes_any_size() else style.side

    def paint(self, image: Values, shared: Values | None) -> tuple[Values, Values]:
        """See `tiles.Painter.paint`."""
        low, high = self._given
        outputs = self._engine.run(
            {
                IMAGE: image * np.float32(high - low) + np.float32(low),
                STATISTICS: UNUSED if shared is None else shared,
                SHARED: np.array([shared is not None], np.float32),
            }
        )
        low, high = self._returned
        painting = (outputs[PAINTING] - np.float32(low)) / np.float32(high - low)
        # Lines come in one channel.
        return np.repeat(painting, 3 // painting.shape[1], axis=1), outputs[USED]

    def _takes_any_size(self) -> bool:
        """Whether the size is free; an exporter may have frozen it inside the network."""
        image = np.zeros((1, 3, *PROBE), np.float32)
        try:
            painting, _ = self.paint(image, None)
        except OutOfMemory:
            raise
        # ONNX Runtime has errors of its own for shapes that do not go together.
        except Exception:
            return False
        return painting.shape == image.shape
