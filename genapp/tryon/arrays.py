"""Types of arrays. Shapes and ranges are told where they are used."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.floating[Any]]
"""Lengths, positions, colours; float32 unless numpy made it float64 on the way."""
Triangles: TypeAlias = NDArray[np.int32]
"""T×3 indices of vertices."""
