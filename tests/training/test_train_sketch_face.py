"""Training of photos of drawn faces: samples, and what it starts from."""

import face_doodles
import numpy as np
import torch
import train_sketch_face as training

from genapp.nets.sketch_face import LOOK, SketchFace


def samples(found: bool = True) -> training.Samples:
    rng = np.random.default_rng(0)
    points = np.full((3, 478, 2), np.nan, np.float16)
    if found:
        points = rng.uniform(0.3, 0.7, (3, 478, 2)).astype(np.float16)
    images = rng.integers(0, 255, (3, 64, 64, 3), np.uint8)
    return training.Samples(images, face_doodles.Shapes(points, np.zeros((3, 64, 64), np.uint8)))


def test_a_sample_is_the_same_in_every_run() -> None:
    one, other = samples(), samples()
    for number in (0, 7, 10**6):
        for first, second in zip(one[number], other[number], strict=True):
            assert torch.equal(first, second)


def test_drawings_are_lightness_and_fit_the_face() -> None:
    for data in (samples(), samples(found=False)):
        for number in range(8):
            drawing, face = data[number]
            assert drawing.shape == (1, 64, 64)
            assert face.shape == (3, 64, 64)
            assert face.dtype == torch.uint8
            assert 0 <= float(drawing.min()) <= float(drawing.max()) <= 100
    assert float(samples()[0][0].min()) < 50  # there are lines


def test_what_fits_is_adopted() -> None:
    net, old = SketchFace(), SketchFace()
    weights = old.state_dict() | {"head.weight": torch.zeros(3), "scene.bias": torch.zeros(2)}
    bias = net.scene.bias.clone()
    training.adopt(net, weights)
    assert torch.equal(net.encoder.stem.weight, old.encoder.stem.weight)
    assert torch.equal(net.scene.bias, bias)


def test_a_look_is_read_from_coarse_colours() -> None:
    mean, spread = training.Looker()(torch.rand(2, 3, 128, 128))
    assert mean.shape == spread.shape == (2, LOOK)
