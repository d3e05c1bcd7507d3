"""The three families of generative model, side by side, on the same faces at 32²."""

from genapp.families.autoregressive import PixelCNN, open_pixelcnn
from genapp.families.family import DIMENSIONS, SIZE, Family, to_bits_per_dim, to_size
from genapp.families.gan import Gan, open_gan
from genapp.families.tuning import (
    STEPS,
    Tuned,
    TunedVae,
    Tuning,
    load_tuned,
    open_tuned,
    save_tuned,
    tune,
)
from genapp.families.vae import Bound, Vae, open_vae

__all__ = [
    "DIMENSIONS",
    "SIZE",
    "STEPS",
    "Bound",
    "Family",
    "Gan",
    "PixelCNN",
    "Tuned",
    "TunedVae",
    "Tuning",
    "Vae",
    "load_tuned",
    "open_gan",
    "open_pixelcnn",
    "open_tuned",
    "open_vae",
    "save_tuned",
    "to_bits_per_dim",
    "to_size",
    "tune",
]
