"""Recipes and random numbers."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genapp.augmenting import Classic, Recipe, parse_recipe, parse_setting, read_recipe
from genapp.augmenting.draws import Draws, shuffled
from genapp.errors import BadValue


def test_what_is_written_is_read() -> None:
    recipe = Recipe(count=7, seed=3, size=64).changed(
        {"classic.rotate": 20, "style.styles": ["embers"], "generative.tune": True}
    )
    assert parse_recipe(recipe.to_yaml()) == recipe


def test_numbers_are_written_alike() -> None:
    whole, broken = (Recipe(classic=Classic(rotate=value)) for value in (20, 20.0))
    assert whole.to_yaml() == broken.to_yaml()


def test_what_is_left_out_has_its_default() -> None:
    assert parse_recipe("") == Recipe()
    assert parse_recipe("classic:\n  flip: 0\nmixing:\n") == Recipe(classic=Classic(flip=0))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- 1", "no list of settings"),
        ("a: [", "no YAML"),
        ("cuont: 3", "Did you mean 'count'"),
        ("classic:\n  rotat: 3", "Did you mean 'classic.rotate'"),
        ("classic: 3", "Write settings below it"),
        ("classic:\n  flip: 2", "from 0 to 1"),
        ("classic:\n  crop: 0.95", "from 0 to 0.9"),
        ("classic:\n  flip: yes", "classic.flip is True"),
        ("generative:\n  tune: 1", "true or false"),
        ("generative:\n  space: outer", "generative.space"),
        ("style:\n  styles: []", "style.styles is empty"),
        ("style:\n  styles: [1]", "Write names"),
        ("mixing: {mixup: 0.6, cutmix: 0.6}", "more than 1"),
        ("count: 0", "count is 0"),
        ("count: 1.5", "whole number"),
        ("count: 3\nper_class: 3", "both count and per_class"),
        ("format: gif", "no format 'gif'"),
        ("size: 4", "from 16"),
        ("version: 9", "version is 9"),
    ],
)
def test_what_makes_no_sense_is_said(text: str, said: str) -> None:
    with pytest.raises(BadValue, match=said):
        parse_recipe(text)


def test_an_unreadable_file(tmp_path: Path) -> None:
    with pytest.raises(BadValue, match="cannot be read"):
        read_recipe(tmp_path / "missing.yaml")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("classic.flip=0", ("classic.flip", 0)),
        ("generative.tune=true", ("generative.tune", True)),
        ("style.styles=[embers, ink-wash]", ("style.styles", ["embers", "ink-wash"])),
    ],
)
def test_settings_as_text(text: str, expected: tuple[str, Any]) -> None:
    assert parse_setting(text) == expected


def test_a_group_is_no_setting() -> None:
    with pytest.raises(BadValue, match="no setting 'classic'"):
        Recipe().changed({"classic": 1})
    with pytest.raises(BadValue, match="Write NAME=VALUE"):
        parse_setting("classic")


def test_how_many() -> None:
    assert Recipe().total(30, 3) == 30
    assert Recipe(count=8).total(30, 3) == 8
    assert Recipe(per_class=8).total(30, 3) == 24
    with pytest.raises(BadValue, match="at most"):
        Recipe(per_class=100_000).total(30, 3)


@given(st.integers(0, 2**63 - 1), st.integers(0, 10**6), st.text(max_size=10))
def test_draws(seed: int, number: int, name: str) -> None:
    draws = Draws(seed, number)
    assert 0 < draws.uniform(name) < 1
    assert draws.uniform(name) == Draws(seed, number).uniform(name)
    assert 0 <= draws.choice(name, 3) < 3
    assert -2 < draws.both_ways(name, 2) < 2
    assert not draws.chance(name, 0)
    assert draws.chance(name, 1)


def test_draws_are_even_and_their_own() -> None:
    values = [Draws(seed, number).uniform("x") for seed in range(10) for number in range(100)]
    assert len(set(values)) == 1000
    assert 0.47 < sum(values) / 1000 < 0.53
    assert Draws(0, 0).of("partner").uniform("x") != Draws(0, 0).uniform("x")


def test_orders() -> None:
    assert sorted(shuffled(0, "a", 9)) == list(range(9))
    assert shuffled(0, "a", 9) != shuffled(0, "b", 9)
