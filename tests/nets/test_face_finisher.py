"""The network that doubles the size of faces: shapes, beginning, export."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from genapp.nets.face_finisher import FaceFinisher, places
from genapp.nets.face_generator import Z_SIZE, FaceGenerator
from genapp.nets.pixels import enlarged


def learnt() -> FaceFinisher:
    """A narrow one, as if it had learnt: its last layer begins at zero."""
    torch.manual_seed(0)
    net = FaceFinisher(0.25).eval().requires_grad_(False)
    torch.nn.init.normal_(net.last.weight, std=0.05)
    return net


@pytest.mark.parametrize("size", [(64, 64), (32, 48)])
def test_faces_of_twice_the_size(size: tuple[int, int]) -> None:
    made = learnt()(torch.zeros(2, 3, *size))
    assert made.shape == (2, 3, 2 * size[0], 2 * size[1])


def test_it_begins_as_plain_enlargement() -> None:
    torch.manual_seed(0)
    picture = torch.rand(1, 3, 16, 16)
    torch.testing.assert_close(FaceFinisher(0.25)(picture), enlarged(picture))


def test_pictures_of_a_batch_do_not_touch() -> None:
    net, picture = learnt(), torch.rand(3, 3, 32, 32)
    torch.testing.assert_close(net(picture)[1:2], net(picture[1:2]), atol=1e-5, rtol=1e-4)


def test_it_knows_where_in_the_face_a_place_is() -> None:
    found = places(torch.zeros(1, 3, 3, 5))
    assert found[0, 0, 0].tolist() == [-1, -0.5, 0, 0.5, 1]
    assert found[0, 1, :, 0].tolist() == [-1, 0, 1]
    flat = learnt()(torch.zeros(1, 3, 32, 32))
    assert flat[..., 8:24, 8:24].std() > 1e-4  # else it would be the same everywhere


def test_a_generator_with_a_finisher_draws_larger_faces() -> None:
    torch.manual_seed(0)
    net, z = FaceGenerator(64, width=0.125).eval(), torch.randn(2, Z_SIZE)
    with torch.no_grad():
        plain = net(z)
        net.finisher = FaceFinisher(0.25)
        torch.testing.assert_close(net(z), enlarged(plain))


def test_the_exported_one_agrees() -> None:
    pytest.importorskip("onnx")
    import export_colorize

    net, picture = learnt(), torch.rand(2, 3, 64, 64) * 2 - 1
    data = export_colorize.export(
        net,
        (picture,),
        ({0: torch.export.Dim("n", min=1, max=8)},),
        {"picture": ("n", 3, 64, 64), "finished": ("n", 3, 128, 128)},
    )
    session = export_colorize.open_session(data, 1)
    for count in (1, 3):
        given = torch.rand(count, 3, 64, 64)
        found = session.run(None, {"picture": given.numpy()})[0]
        np.testing.assert_allclose(found, net(given).numpy(), atol=1e-4)
