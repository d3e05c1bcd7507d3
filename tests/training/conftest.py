"""Small inputs of the trainings on faces."""

from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="session")
def face_inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ten noisy pictures of ten colours, and networks that have learnt nothing."""
    torch = pytest.importorskip("torch")
    import face_data
    import image_features

    folder = tmp_path_factory.mktemp("faces")
    rng = np.random.default_rng(0)
    colors, grain = rng.integers(0, 200, (10, 1, 1, 3)), rng.integers(0, 56, (10, 128, 128, 3))
    images = (colors + grain).astype(np.uint8)
    held_out = np.arange(10) % 5 == 0
    faces = face_data.Faces([f"omi-{n}" for n in range(10)], images, held_out)
    face_data.pack(folder / "faces.npz", faces)
    torch.manual_seed(0)
    mobile = image_features.MobileNetFeatures().layers.state_dict()
    weights = {
        image_features.MOBILENET: {f"features.{name}": value for name, value in mobile.items()},
        image_features.EFFICIENTNET: image_features.EfficientNetLite0().state_dict(),
    }
    torch.save(weights, folder / "features.pt")
    return folder
