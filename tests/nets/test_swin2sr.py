"""Swin2SR under the names that transformers gives its weights."""

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("spandrel")

from genapp.nets.swin2sr import authors_names, from_weights  # noqa: E402
from tests.adapters.networks import swin2sr  # noqa: E402

BLOCK = [
    "attention.self.logit_scale",
    "attention.self.continuous_position_bias_mlp.0.weight",
    "attention.self.continuous_position_bias_mlp.0.bias",
    "attention.self.continuous_position_bias_mlp.2.weight",
    "attention.self.query.weight",
    "attention.self.query.bias",
    "attention.self.key.weight",
    "attention.self.value.weight",
    "attention.self.value.bias",
    "attention.output.dense.weight",
    "attention.output.dense.bias",
    "layernorm_before.weight",
    "layernorm_before.bias",
    "intermediate.dense.weight",
    "intermediate.dense.bias",
    "output.dense.weight",
    "output.dense.bias",
    "layernorm_after.weight",
    "layernorm_after.bias",
]
OTHERS = [
    "swin2sr.first_convolution",
    "swin2sr.embeddings.patch_embeddings.projection",
    "swin2sr.embeddings.patch_embeddings.layernorm",
    "swin2sr.encoder.stages.0.conv",
    "swin2sr.encoder.stages.0.patch_embed.projection",
    "swin2sr.layernorm",
    "swin2sr.conv_after_body",
    "upsample.conv_before_upsample",
    "upsample.upsample.convolution_0",
    "upsample.final_convolution",
]


def names_of_transformers() -> set[str]:
    """Of a network with one stage of two blocks, as transformers 5.23 has them."""
    layers = [f"swin2sr.encoder.stages.0.layers.{number}" for number in (0, 1)]
    return {f"{layer}.{name}" for layer in layers for name in BLOCK} | {
        f"{name}.{kind}" for name in OTHERS for kind in ("weight", "bias")
    }


def test_names_are_those_of_transformers() -> None:
    assert swin2sr()[1].keys() == names_of_transformers()


@pytest.mark.parametrize("scale", [2, 4])
def test_weights_come_back(scale: int) -> None:
    network, published = swin2sr(upscale=scale)
    read = from_weights(published)
    image = torch.rand(1, 3, 40, 48)
    with torch.no_grad():
        assert torch.equal(read(image), network(image))
    assert read(image).shape == (1, 3, 40 * scale, 48 * scale)


def test_tables_of_older_files_are_left_out() -> None:
    _, published = swin2sr()
    stem = "swin2sr.encoder.stages.0.layers.0.attention.self"
    extra = {f"{stem}.relative_position_index": torch.zeros(64, 64, dtype=torch.int64)}
    assert authors_names({**published, **extra}).keys() == authors_names(published).keys()
    from_weights({**published, **extra})


def test_missing_and_unknown_weights() -> None:
    _, published = swin2sr()
    with pytest.raises(ValueError, match=r"norm\.weight"):
        from_weights({name: each for name, each in published.items() if "layernorm." not in name})
    with pytest.raises(ValueError, match="too many: another"):
        from_weights({**published, "another.weight": torch.zeros(1)})


@pytest.mark.parametrize(
    ("upsampler", "scale"),
    [("pixelshuffle", 2), ("pixelshuffle", 4), ("pixelshuffledirect", 2), ("nearest+conv", 4)],
)
def test_pictures_are_those_of_transformers(upsampler: str, scale: int) -> None:
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    shape = {"image_size": 64, "embed_dim": 12, "depths": [2], "num_heads": [2], "mlp_ratio": 2.0}
    config = transformers.Swin2SRConfig(**shape, upscale=scale, upsampler=upsampler)
    theirs = transformers.Swin2SRForImageSuperResolution(config).eval()
    image = torch.rand(1, 3, 40, 48)
    with torch.no_grad():
        for value in theirs.parameters():
            value.add_(torch.randn_like(value), alpha=0.05)
        expected = theirs(image).reconstruction.clamp(0, 1)
        assert torch.allclose(from_weights(theirs.state_dict())(image), expected, atol=1e-6)
