"""The fully visible family: a PixelCNN, whose likelihood is exact and which paints pixel by pixel.

The probability of a picture is the product of the probabilities of its pixels, each given all that
come before it in reading order: p(x) = ∏ p(xᵢ | x₁ … xᵢ₋₁). The networks (genapp/nets/pixelcnn.py)
take and give a memory, so that painting computes each layer once for each pixel, not the whole
picture for each of its 1024 pixels.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genapp.errors import BadValue, check_number
from genapp.families import mixture
from genapp.families.family import (
    BATCH,
    SIZE,
    Numbers,
    Pictures,
    from_network,
    to_bits_per_dim,
    to_network,
    uniforms,
)
from genapp.registry.catalog import Model
from genapp.registry.engines import Engine, Engines
from genapp.upscaling import Clock, Progress

ROWS, PIXELS = "families/pixelcnn-rows.faces32", "families/pixelcnn-pixels.faces32"
MOST_TEMPERATURE = 2.0


@dataclass(frozen=True, eq=False)
class PixelCNN:
    """The autoregressive model of faces at 32². Open it with `open_pixelcnn`."""

    _rows: Engine
    _pixels: Engine
    _row_memory: int
    _pixel_memory: int

    name = "autoregressive"
    title = "Autoregressive (PixelCNN)"
    has_likelihood = True

    def sample(
        self,
        seeds: Sequence[int],
        *,
        temperature: float = 1.0,
        progress: Progress | None = None,
    ) -> Pictures:
        """See `Family.sample`."""
        clock = Clock(len(seeds) * SIZE, progress)
        parts = []
        for start in range(0, len(seeds), BATCH):
            part = seeds[start : start + BATCH]
            for picture in self.paint(part, temperature=temperature, every=SIZE):
                made = picture
                clock.advance(len(part), "painting")
            parts.append(made)
        return np.concatenate(parts) if parts else np.zeros((0, SIZE, SIZE, 3), np.float32)

    def paint(
        self,
        seeds: Sequence[int],
        *,
        temperature: float = 1.0,
        begun: Pictures | None = None,
        rows: int = 0,
        every: int = SIZE,
    ) -> Iterator[Pictures]:
        """The pictures as they come to be, from the upper left on; what is still to come is black.

        Args:
            seeds: one for each picture.
            temperature: as for `sample`.
            begun: n×32×32×3 pictures to go on with, a row for each seed.
            rows: how many rows of these are kept.
            every: pixels from one look to the next: 1 … 1024.

        Yields:
            n×32×32×3 RGB 0..1, the finished pictures last.

        Raises:
            BadValue: a setting is out of range.
        """
        check_number("temperature", temperature, 0.0, MOST_TEMPERATURE)
        check_number("number of pixels between looks", every, 1, SIZE * SIZE)
        kept = (
            int(check_number("number of rows to keep", rows, 0, SIZE)) if begun is not None else 0
        )
        count = len(seeds)
        draws = np.stack([uniforms(seed, (mixture.DRAWS, SIZE, SIZE)) for seed in seeds])
        canvas = np.full((count, 3, SIZE, SIZE), -1.0, np.float32)
        if begun is not None:
            start = to_network(begun)
            if len(start) != count:
                raise BadValue(
                    f"{len(start)} pictures are begun and there are {count} seeds.",
                    "Give one seed for each picture.",
                )
            canvas[:, :, :kept] = start[:, :, :kept]
        memory = np.zeros((count, self._row_memory), np.float32)
        if kept:
            # The rows above the first that is painted, but for the last one, are read at once.
            above = np.concatenate([np.zeros_like(canvas[:, :, :1]), canvas[:, :, : kept - 1]], 2)
            _, memory = self._gates(above, range(kept), memory)
        for y in range(kept, SIZE):
            above = canvas[:, :, y - 1 : y] if y else np.zeros_like(canvas[:, :, :1])
            gates, memory = self._gates(above, range(y, y + 1), memory)
            before = np.zeros((count, self._pixel_memory, 1), np.float32)
            left = np.zeros((count, 3, 1, 1), np.float32)
            for x in range(SIZE):
                here = np.ascontiguousarray(gates[..., x : x + 1])
                parameters, before = self._parameters(left, here, before)
                pixel = mixture.draw(parameters, draws[:, :, y : y + 1, x : x + 1], temperature)
                left = pixel.astype(np.float32)
                canvas[:, :, y : y + 1, x : x + 1] = left
                if (y * SIZE + x + 1) % every == 0 and y * SIZE + x + 1 < SIZE * SIZE:
                    yield from_network(canvas)
        yield from_network(canvas)

    def bits_per_dim(self, pictures: Pictures) -> Numbers:
        """See `Family.bits_per_dim`; exact."""
        return to_bits_per_dim(self.log_likelihood_map(pictures).sum((1, 2)))

    def log_likelihood_map(self, pictures: Pictures) -> Numbers:
        """The log-likelihood of each pixel, given those before it, in nats, n×32×32.

        Their sum is that of the picture.
        """
        data = to_network(pictures)
        parts = [
            mixture.log_likelihood(self.parameters(part), part)
            for part in np.split(data, range(BATCH, len(data), BATCH))
        ]
        return np.concatenate(parts)

    def parameters(self, data: NDArray[np.float32]) -> NDArray[np.float32]:
        """The distribution of each pixel given those before it, n×10K×32×32.

        Args:
            data: n×3×32×32, -1..1 (see `to_network`).
        """
        count = len(data)
        above, left = np.zeros_like(data), np.zeros_like(data)
        above[:, :, 1:] = data[:, :, :-1]
        left[..., 1:] = data[..., :-1]
        memory = np.zeros((count, self._row_memory), np.float32)
        gates, _ = self._gates(above, range(SIZE), memory)
        before = np.zeros((count, self._pixel_memory, SIZE), np.float32)
        return self._parameters(left, gates, before)[0]

    def _gates(
        self, above: NDArray[np.float32], rows: range, memory: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """What the rows above say about the pixels of these rows, and the new memory."""
        numbers = np.array(rows, np.float32)
        inputs = {"above": np.ascontiguousarray(above), "y": numbers, "memory": memory}
        found = self._rows.run(inputs)
        return found["gates"], found["next"]

    def _parameters(
        self,
        left: NDArray[np.float32],
        gates: NDArray[np.float32],
        memory: NDArray[np.float32],
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The distribution of further pixels of rows, and the new memory."""
        found = self._pixels.run({"left": left, "gates": gates, "memory": memory})
        return found["parameters"], found["next"]


def open_pixelcnn(engines: Engines) -> PixelCNN:
    """The autoregressive model.

    Raises:
        UnknownName, ModelMissing, HashMismatch: it is not to be had, or wrong.
    """
    sizes = [_memory(engines.catalog.get(name)) for name in (ROWS, PIXELS)]
    return PixelCNN(engines.get(ROWS), engines.get(PIXELS), *sizes)


def _memory(model: Model) -> int:
    """Channels of the memory that a network takes."""
    port = next(port for port in model.inputs if port.name == "memory")
    size = port.shape[1]
    assert isinstance(size, int)
    return size
