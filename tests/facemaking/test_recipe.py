"""Recipes as text and back, and other things that people type."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genapp.errors import BadValue
from genapp.facemaking import (
    Recipe,
    neighbour_recipes,
    packed,
    parse_edits,
    parse_mix,
    parse_recipe,
    parse_seeds,
    unpacked,
)

seeds = st.integers(0, 2**63 - 1)
names = st.from_regex(r"[a-z][a-z_]{0,11}", fullmatch=True)
recipes = st.builds(
    Recipe,
    seed=seeds,
    truncation=st.floats(0, 1.5),
    fingerprint=st.sampled_from(["", "1a2b3c4d"]),
    around=st.lists(st.tuples(seeds, st.floats(0, 1)), max_size=3).map(tuple),
    mix=st.none() | st.tuples(seeds, st.integers(0, 6)),
    edits=st.dictionaries(names, st.floats(-10, 10).filter(bool), max_size=3),
    size=st.none() | st.integers(64, 1024),
)


@given(recipes)
def test_text_and_back(recipe: Recipe) -> None:
    line = str(recipe)
    assert "\n" not in line
    assert parse_recipe(line) == recipe


def test_what_changes_nothing_is_left_out() -> None:
    line = str(Recipe(seed=5, edits={"age": 0.0}))
    assert line == "faces/1 model=faces/gated-gan.v1 seed=5 trunc=0.7"


def test_words_in_any_order() -> None:
    line = "  faces/1 mix=9@3 edits=age:+1.5,smile:-0.5 seed=5\n"
    expected = Recipe(seed=5, mix=(9, 3), edits={"age": 1.5, "smile": -0.5})
    assert parse_recipe(line) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "starts with empty"),
        ("hello", "starts with 'hello'"),
        ("faces/2 seed=1", "starts with 'faces/2'"),
        ("faces/1 seed", "'seed' in the recipe means nothing"),
        ("faces/1 nose=3", "'nose=3' in the recipe means nothing"),
        ("faces/1 seed=x", "'seed=x' in the recipe cannot be read"),
        ("faces/1 seed=-3", "The seed is -3"),
        ("faces/1 trunc=nan", "cannot be read"),
        ("faces/1 trunc=9", "The truncation is 9"),
        ("faces/1 mix=9", "cannot be read"),
        ("faces/1 edits=age:1,age:2", "cannot be read"),
        ("faces/1 seed=1 seed=2", "'seed' is in the recipe twice"),
        ("faces/1 around=1@2", "The distance is 2"),
        ("faces/1 " + "x" * 30_000, "too long"),
    ],
)
def test_wrong_recipes(text: str, message: str) -> None:
    with pytest.raises(BadValue, match=message):
        parse_recipe(text)


@given(st.text(max_size=60))
def test_any_text_is_a_recipe_or_a_clear_error(text: str) -> None:
    with suppress(BadValue):
        assert parse_recipe(f"faces/1 {text}").seed >= 0


def test_names_of_files() -> None:
    assert Recipe(seed=5).name == "face-5"
    changed = Recipe(seed=5, around=((812, 0.3),), mix=(9, 3), edits={"age": 1.0})
    assert changed.name == "face-5-around-812-mixed-9-edited"


def test_neighbours_add_a_step() -> None:
    start = Recipe(seed=5, around=((1, 0.5),))
    found = neighbour_recipes(start, 3, 0.2)
    assert len({recipe.around for recipe in found}) == 3
    for recipe in found:
        assert recipe.around[0] == (1, 0.5)
        assert recipe.around[1][1] == 0.2
    assert neighbour_recipes(start, 5, 0.2)[:3] == found


def test_w_as_text() -> None:
    rng = np.random.default_rng(0)
    same = np.repeat(rng.normal(size=(1, 256)), 6, 0).astype(np.float32)
    mixed = rng.normal(size=(6, 256)).astype(np.float32)
    assert len(packed(same)) < len(packed(mixed)) / 5
    for w in (same, mixed):
        found = unpacked(packed(w), 6, 256)
        np.testing.assert_allclose(found, w, atol=2e-3)
        # What the text makes is what its text makes.
        assert packed(found) == packed(w)


@pytest.mark.parametrize("text", ["", "a", "AAAA", "ä", "_" * 683])
def test_damaged_w(text: str) -> None:
    with pytest.raises(BadValue, match="w of the recipe"):
        unpacked(text, 6, 256)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("7", [7]), ("1,5,9-12", [1, 5, 9, 10, 11, 12]), (" 3 , 2-2 ", [3, 2])],
)
def test_lists_of_seeds(text: str, expected: list[int]) -> None:
    assert parse_seeds(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no seed"),
        ("1,,2", "no seed"),
        ("a", "'a' is no seed"),
        ("-3", "'-3' is no seed"),
        ("5-3", "Write 3-5"),
        ("1,1-2", "seed 1 is in the list twice"),
        ("0-99999999", "more than 100000"),
        ("²", "no seed"),
    ],
)
def test_wrong_lists_of_seeds(text: str, message: str) -> None:
    with pytest.raises(BadValue, match=message):
        parse_seeds(text)


def test_sliders_and_mixes_as_typed() -> None:
    assert parse_edits("") == {}
    assert parse_edits("age=+1.5, smile=-0.5") == {"age": 1.5, "smile": -0.5}
    assert parse_mix("9") == (9, 3)
    assert parse_mix("9@2") == (9, 2)
    for text in ("age", "age=", "age=x", "age=1,age=2", "age=nan"):
        with pytest.raises(BadValue, match="slider"):
            parse_edits(text)
    for text in ("", "x", "9@", "9@x", "-1"):
        with pytest.raises(BadValue, match="mix"):
            parse_mix(text)
