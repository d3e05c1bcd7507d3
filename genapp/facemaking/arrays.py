"""The arrays that the steps pass on."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from genapp.errors import UserError

Values: TypeAlias = NDArray[np.float32]
"""Pictures H×W×3 0..1, noise, or w."""


def check_finite(values: Values, model: str) -> None:
    """Raises `UserError` if a network gave anything that is no number."""
    if not np.isfinite(values).all():
        raise UserError(
            f"{model} gave values that are no numbers.", "Choose another seed, or --device cpu."
        )
