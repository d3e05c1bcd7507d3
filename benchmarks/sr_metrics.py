"""How near an enlarged picture is to the true one, as papers on super-resolution measure it."""

import numpy as np
import numpy.typing as npt
from skimage.metrics import structural_similarity

Bytes = npt.NDArray[np.uint8]
# Y of YCbCr in ITU-R BT.601 for digital video, 16…235, as MATLAB's rgb2ycbcr computes it.
LUMA = np.array([65.481, 128.553, 24.966]) / 255


def luma(picture: Bytes) -> npt.NDArray[np.float64]:
    """H×W×3 RGB to H×W, 16…235."""
    return np.asarray(picture @ LUMA + 16)


def psnr_y(result: Bytes, truth: Bytes, border: int) -> float:
    """Peak signal-to-noise ratio of the luma in dB, ``border`` pixels left out all around."""
    error = inner(luma(result) - luma(truth), border)
    return float(20 * np.log10(255 / np.sqrt(np.mean(error**2))))


def ssim_y(result: Bytes, truth: Bytes, border: int) -> float:
    """Structural similarity of the luma, 0…1: Wang et al. 2004, Gaussian window of 11×11."""
    similarity: float = structural_similarity(
        inner(luma(result), border),
        inner(luma(truth), border),
        data_range=255,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    return float(similarity)


def inner(array: npt.NDArray[np.float64], border: int) -> npt.NDArray[np.float64]:
    return array[border : array.shape[0] - border, border : array.shape[1] - border]


def to_bytes(result: npt.NDArray[np.float32]) -> Bytes:
    """1×3×h×w in 0…1 to h×w×3 in 0…255."""
    return np.asarray(result[0].clip(0, 1) * 255 + 0.5).astype(np.uint8).transpose(1, 2, 0)
