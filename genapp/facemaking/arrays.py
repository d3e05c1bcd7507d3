"""Types of the arrays that the steps pass on."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Values: TypeAlias = NDArray[np.float32]
"""Pictures H×W×3 0..1, noise, or w."""
