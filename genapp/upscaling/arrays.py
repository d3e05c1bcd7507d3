"""Types of arrays. Shapes and ranges are told where they are used."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Values: TypeAlias = NDArray[np.float32]
"""H×W×C, C 3 (RGB) or 1 (grey, alpha); 0..1 unless a docstring says otherwise."""
Detail: TypeAlias = NDArray[np.uint16]
"""H×W×C, the whole range: what is kept between steps, at half the memory of float32."""
