"""Shipped frames are sound, and a wrong file is told what is wrong with it."""

import re

import pytest

from genapp.errors import BadValue, UnknownName
from genapp.tryon.frames import BEVEL, FOLDER, Finish, Frame, frame_names, load_frame, parse_frame

SQUARE = """\
title = "Square"
lens = 50
bridge = 18
temple = 140
height = 40
outline = [[-1, -1], [0, -1], [1, -1], [1, 1], [0, 1], [-1, 1]]
material = "metal"
color = "#808080"
tint = "#202020"
opacity = 0.9
gradient = 0
rim = [1.5, 2, 2.5]
depth = 2
bridge_rise = 8
hinge_rise = 10
"""


def with_line(key: str, line: str) -> str:
    return re.sub(rf"^{key} = .*$", line, SQUARE, flags=re.MULTILINE)


def test_every_shipped_frame_loads(shipped: Frame) -> None:
    assert shipped.name in frame_names()
    assert shipped.title
    assert 110 < shipped.width < 160


def test_frames_are_the_files_of_the_folder() -> None:
    assert frame_names() == sorted(path.stem for path in FOLDER.iterdir())
    assert len(frame_names()) >= 16


def test_a_frame_is_a_short_file(frame: Frame) -> None:
    lines = (FOLDER / f"{frame.name}.toml").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 35


def test_catalogue_has_every_kind_of_rim_material_and_lens() -> None:
    frames = [load_frame(name) for name in frame_names()]
    assert {frame.rims for frame in frames} == {"full", "half", "none"}
    assert {frame.material for frame in frames} == {"acetate", "metal", "transparent"}
    assert {frame.mirror > 0 for frame in frames} == {True, False}
    assert {frame.gradient > 0 for frame in frames} == {True, False}
    assert min(frame.opacity for frame in frames) < 0.1 < max(frame.opacity for frame in frames)


def test_values_are_those_of_the_file_and_defaults() -> None:
    frame = parse_frame("square", SQUARE)
    assert (frame.name, frame.title, frame.material) == ("square", "Square", "metal")
    assert frame.rim == (1.5, 2, 2.5)
    assert frame.outline[2] == (1, -1)
    assert (frame.brow_bar, frame.drop, frame.base_curve) == (False, 3, 6)
    assert frame.size == "50-18-140"


def test_parts_are_of_the_frames_material_unless_they_have_their_own() -> None:
    plain = parse_frame("plain", SQUARE + 'fleck = "#101010"\n')
    own = Finish("metal", "#808080", "#101010")
    assert plain.finish == plain.lower_finish == plain.temple_finish == own
    lower, temples = Finish("metal", "#c0a060"), Finish("acetate", "#203040", "#000000")
    mixed = parse_frame(
        "mixed",
        SQUARE
        + 'lower = { material = "metal", color = "#c0a060" }\n'
        + 'temples = { material = "acetate", color = "#203040", fleck = "#000000" }\n',
    )
    assert (mixed.lower_finish, mixed.temple_finish) == (lower, temples)


def test_a_frame_without_rims_needs_no_widths_of_rims() -> None:
    assert parse_frame("bare", with_line("rim", 'rims = "none"')).rim == BEVEL
    assert parse_frame("bare", SQUARE + 'rims = "none"\n').rim == (1.5, 2, 2.5)
    with pytest.raises(BadValue, match="lacks the key 'rim'"):
        parse_frame("bare", with_line("rim", 'rims = "half"'))


def test_width_goes_over_lenses_bridge_rims_and_end_pieces() -> None:
    assert parse_frame("square", SQUARE).width == 50 + 18 + 50 + 2 * (2 + 1.5)


@pytest.mark.parametrize(
    "key",
    [line.partition(" = ")[0] for line in SQUARE.splitlines()],
)
def test_missing_key_is_named(key: str) -> None:
    with pytest.raises(BadValue, match=rf"'odd' lacks the key '{key}'"):
        parse_frame("odd", with_line(key, ""))


def test_unknown_key_is_named() -> None:
    with pytest.raises(BadValue, match=r"'odd'.*unknown key 'colour'"):
        parse_frame("odd", SQUARE + 'colour = "#000000"\n')


def test_name_cannot_be_set_in_the_file() -> None:
    with pytest.raises(BadValue, match=r"'odd'.*unknown key 'name'"):
        parse_frame("odd", SQUARE + 'name = "other"\n')


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("title", "3"),
        ("title", '""'),
        ("lens", "19"),
        ("lens", "81"),
        ("lens", "true"),
        ("lens", '"50"'),
        ("lens", "nan"),
        ("bridge", "0"),
        ("temple", "inf"),
        ("height", "[40]"),
        ("outline", "[[-1, -1], [1, -1], [1, 1], [0, 1], [-1, 1]]"),
        ("outline", "3"),
        ("outline", "[[-1, -1, 0], [0, -1], [1, -1], [1, 1], [0, 1], [-1, 1]]"),
        ("outline", "[[-2, -1], [0, -1], [1, -1], [1, 1], [0, 1], [-1, 1]]"),
        ("outline", "[[false, -1], [0, -1], [1, -1], [1, 1], [0, 1], [-1, 1]]"),
        ("outline", "[[0, -1], [0, -1], [0, -1], [0, 1], [0, 1], [0, 1]]"),
        ("material", '"wood"'),
        ("material", "1"),
        ("color", '"red"'),
        ("color", "0"),
        ("tint", '"#12345"'),
        ("opacity", "1.01"),
        ("opacity", "true"),
        ("gradient", "-0.1"),
        ("rim", "[1, 2]"),
        ("rim", "2"),
        ("rim", "[1, 2, 0]"),
        ("depth", "0"),
        ("bridge_rise", "41"),
        ("hinge_rise", '"high"'),
    ],
)
def test_wrong_value_names_frame_and_key(key: str, value: str) -> None:
    with pytest.raises(BadValue) as error:
        parse_frame("odd", with_line(key, f"{key} = {value}"))
    assert "'odd'" in error.value.message
    assert key in error.value.message
    assert "CONTRIBUTING.md" in error.value.remedy


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("brow_bar", "1"),
        ("pins", '"yes"'),
        ("rims", '"quarter"'),
        ("fleck", '"brown"'),
        ("mirror", "1.1"),
        ("mirror_color", '"#ffff"'),
        ("temple_height", "0"),
        ("lower", '"metal"'),
        ("lower", '{ material = "metal" }'),
        ("lower", '{ material = "wood", color = "#000000" }'),
        ("temples", '{ material = "metal", color = "gold" }'),
        ("temples", '{ material = "metal", color = "#000000", width = 3 }'),
        ("drop", "21"),
        ("base_curve", "-1"),
        ("wrap", "true"),
        ("tilt", '"8"'),
    ],
)
def test_wrong_optional_value_names_frame_and_key(key: str, value: str) -> None:
    with pytest.raises(BadValue, match=f"'odd'.*{key}"):
        parse_frame("odd", SQUARE + f"{key} = {value}\n")


def test_text_that_is_not_toml() -> None:
    with pytest.raises(BadValue, match="'odd' is not valid TOML"):
        parse_frame("odd", "lens 50")


def test_unknown_frame_offers_the_close_name() -> None:
    with pytest.raises(UnknownName) as error:
        load_frame("aviater")
    assert "aviator" in error.value.remedy


def test_name_of_a_frame_is_no_path() -> None:
    with pytest.raises(UnknownName):
        load_frame("../frames/aviator")
