"""Names, files and weights of styles."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genapp.errors import BadValue, UnknownName, UnreadablePicture
from genapp.images import Photo
from genapp.registry.engines import Engines
from genapp.translating import default_face_strength, parse_styles, read_styles, style_names
from genapp.translating.styles import ANY, MULTI, blended_numbers, middle_square


@pytest.fixture(scope="module")
def engines() -> Engines:
    return Engines(device="cpu")


def photo(value: int = 90) -> Photo:
    return Photo(np.full((40, 60, 3), value, np.uint8), name="wall")


def test_names_are_unique() -> None:
    assert len(set(style_names())) == len(style_names())
    assert all(name == name.lower() and " " not in name for name in style_names())


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("embers", {"embers": 1.0}),
        ("embers, ink-wash", {"embers": 1.0, "ink-wash": 1.0}),
        ("embers=2,a b.jpg=.5", {"embers": 2.0, "a b.jpg": 0.5}),
        ("embers=1,embers=2", {"embers": 3.0}),
        ("C:\\x.png=3", {"C:\\x.png": 3.0}),
    ],
)
def test_parsed_styles(text: str, weights: dict[str, float]) -> None:
    assert parse_styles(text) == weights


def test_a_file_with_signs_in_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a=1,b.png").write_bytes(b"")
    assert parse_styles("a=1,b.png") == {"a=1,b.png": 1.0}


@given(st.lists(st.floats(0.001, 1000), min_size=1, max_size=8))
def test_weights_sum_up_to_1(weights: list[float]) -> None:
    styles = read_styles(dict(zip(style_names(), weights, strict=False)))
    assert sum(style.weight for style in styles) == pytest.approx(1)
    assert [style.label for style in styles] == list(style_names()[: len(weights)])
    assert 0 < default_face_strength(styles) <= 1


def test_a_style_of_no_weight_is_left_out() -> None:
    (style,) = read_styles({"embers": 0, "ink-wash": 3})
    assert (style.label, style.weight, style.model) == ("ink-wash", 1.0, MULTI)


def test_a_picture() -> None:
    (style,) = read_styles(photo())
    assert (style.label, style.model, style.number) == ("wall", ANY, None)
    assert style.sha256 is not None
    assert style.square is not None
    assert style.square.shape == (3, 256, 256)


def test_the_square_is_the_middle() -> None:
    pixels = np.zeros((10, 30, 3), np.uint8)
    pixels[:, 10:20] = 255
    np.testing.assert_array_equal(middle_square(pixels), 1)


def test_mistakes() -> None:
    with pytest.raises(UnknownName, match="Did you mean embers"):
        read_styles("ember")
    with pytest.raises(UnreadablePicture):
        read_styles("no-such.png")
    with pytest.raises(BadValue, match="0 styles"):
        read_styles({"embers": 0})
    with pytest.raises(BadValue, match="9 styles"):
        read_styles(dict.fromkeys(style_names()[:9], 1.0))
    weight: Any
    for weight in (-1, float("nan"), True, "much"):
        with pytest.raises(BadValue, match="weight"):
            read_styles({"embers": weight})
    with pytest.raises(BadValue, match="no number"):
        parse_styles("embers=much")


def test_numbers_are_blended(engines: Engines) -> None:
    one, two = (blended_numbers(read_styles(name), engines)[MULTI][1] for name in style_names()[:2])
    part, both = blended_numbers(read_styles({style_names()[0]: 3, style_names()[1]: 1}), engines)[
        MULTI
    ]
    assert part == 1
    np.testing.assert_allclose(both, 0.75 * one + 0.25 * two, atol=1e-6)


def test_two_networks_share_the_painting(engines: Engines) -> None:
    blends = blended_numbers(read_styles({"embers": 1, photo(): 3}), engines)
    assert {model: part for model, (part, _) in blends.items()} == {MULTI: 0.25, ANY: 0.75}
    assert blends[ANY][1].shape == (2, 347)
