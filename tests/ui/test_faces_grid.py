"""What the grid shows next."""

import pytest

from genapp.errors import UserError
from genapp.facemaking import parse_recipe
from genapp.registry.engines import Engines
from genapp.ui import face_grid, face_making
from genapp.ui.face_grid import LONGEST_PAST, Grid

pytestmark = pytest.mark.skipif(
    face_making.problem(Engines()) is not None, reason="the generator is not here"
)


@pytest.fixture(scope="module")
def engines() -> Engines:
    return Engines()


def seeds(grid: Grid) -> list[int]:
    return [parse_recipe(recipe).seed for recipe in grid.recipes]


def test_one_seed_is_the_first_of_many(engines: Engines) -> None:
    assert seeds(face_grid.from_seeds("5", 0.7, engines)) == list(range(5, 17))


def test_a_list_is_what_it_says(engines: Engines) -> None:
    assert seeds(face_grid.from_seeds("3, 8, 20-22", 0.7, engines)) == [3, 8, 20, 21, 22]


@pytest.mark.parametrize("typed", ["", "  ", "x", "-3", "8-5", "1.5", "0-99999", "3;4"])
def test_what_is_no_seed_gets_a_sentence(engines: Engines, typed: str) -> None:
    with pytest.raises(UserError):
        face_grid.from_seeds(typed, 0.7, engines)


def test_new_faces_are_those_that_follow(engines: Engines) -> None:
    grid = face_grid.after(face_grid.from_seeds("0", 0.7, engines), engines)
    assert seeds(grid) == list(range(12, 24))
    assert seeds(face_grid.after(face_grid.from_seeds("3,8", 0.7, engines), engines))[0] == 9


def test_variety_changes_the_faces_and_not_the_seeds(engines: Engines) -> None:
    usual, plain = (face_grid.from_seeds("0", variety, engines) for variety in (0.7, 0.2))
    assert seeds(usual) == seeds(plain)
    assert {parse_recipe(recipe).truncation for recipe in plain.recipes} == {0.2}


def test_around_a_face_it_is_the_first_and_others_differ(engines: Engines) -> None:
    grid = face_grid.from_seeds("0", 0.7, engines)
    middle = grid.recipes[3]
    near = face_grid.around(grid, middle, 0.3, engines)
    assert near.recipes[0] == middle
    assert len(set(near.recipes)) == face_grid.AT_ONCE
    assert {parse_recipe(recipe).around[0][1] for recipe in near.recipes[1:]} == {0.3}
    # Asked again, there are others; farther ones are the same faces' side.
    others = face_grid.around(near, middle, 0.3, engines)
    assert set(others.recipes[1:]).isdisjoint(near.recipes)
    far = face_grid.farther(near, 0.8, engines)
    towards = [[parse_recipe(one).around[0][0] for one in each.recipes[1:]] for each in (near, far)]
    assert towards[0] == towards[1]


def test_back_goes_through_the_grids(engines: Engines) -> None:
    first = Grid().then(face_grid.from_seeds("0", 0.7, engines))
    assert first.past == ()
    assert first.back() is first
    second = first.then(face_grid.around(first, first.recipes[0], 0.3, engines))
    # A slider that is dragged is no step.
    third = second.instead(face_grid.farther(second, 0.8, engines))
    assert third.back() == first
    grid = first
    for _ in range(LONGEST_PAST + 5):
        grid = grid.then(first)
    assert len(grid.past) == LONGEST_PAST


def test_mixing_keeps_the_seeds_where_it_can(engines: Engines) -> None:
    a, b = (face_making.recipe(seed, 0.7, engines) for seed in (1, 2))
    assert parse_recipe(face_making.mixed(a, b, 3, engines)).mix == (2, 3)
    # A face with a variety of its own has no seed that tells it: it is written out.
    other = face_making.recipe(2, 0.3, engines)
    written = face_making.mixed(a, other, 3, engines)
    assert parse_recipe(written).w
    assert not face_making.has_seed(written)


def test_a_mix_that_is_written_out_looks_like_the_mix(engines: Engines) -> None:
    a, b = (face_making.recipe(seed, 0.7, engines) for seed in (1, 2))
    # A first step towards B of distance 0 changes nothing but the recipe.
    same = face_making.around(b, 1, 0.0, 0, engines)[0]
    pair = [face_making.mixed(a, face, 3, engines) for face in (b, same)]
    told, written = face_making.small(pair, engines)
    # Half precision of w.
    assert abs(told.astype(int) - written).max() <= 3


def test_sliders_are_what_the_recipe_says(engines: Engines) -> None:
    face = face_making.recipe(1, 0.7, engines)
    changed = face_making.changed(face, 0.9, {"age": 1.5, "smile": 0.0})
    assert face_making.settings(changed) == (0.9, {"age": 1.5})
    assert face_making.caption(face) == "seed 1"
    assert face_making.caption(changed) == "seed 1, changed"
