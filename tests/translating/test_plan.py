"""Sizes of paintings."""

from itertools import pairwise

import pytest

from genapp.errors import BadValue, TooLarge
from genapp.translating import make_plan
from genapp.translating.plan import DEFAULT_DETAIL, MOST_BY_ITSELF
from genapp.translating.styles import FACE


def test_default() -> None:
    assert make_plan((4000, 3000), refine=False).paintings == ((1024, 768),)
    assert make_plan((300, 600)).paintings == ((512, 1024),)


def test_large_photos_are_painted_over_in_even_steps() -> None:
    assert make_plan((1250, 500), detail=1000).paintings == ((1000, 400),)
    assert make_plan((3000, 2000), detail=1000).paintings == ((1000, 667), (3000, 2000))
    plan = make_plan((8000, 6000), detail=500)
    sides = [width for width, _ in plan.paintings]
    assert sides[0] == 500
    assert sides[-1] == 8000
    ratios = [large / small for small, large in pairwise(sides)]
    assert max(ratios) <= 3
    assert max(ratios) / min(ratios) < 1.01
    assert plan.pixels == sum(width * height for width, height in plan.paintings)


def test_small_faces_make_the_painting_larger() -> None:
    large = make_plan((1000, 1000), face=500)
    assert large.detail == DEFAULT_DETAIL
    small = make_plan((3000, 2000), face=FACE * 2)
    assert small.detail == 1500
    tiny = make_plan((3000, 2000), face=10)
    assert tiny.detail == MOST_BY_ITSELF


def test_detail_is_kept_to() -> None:
    assert make_plan((500, 400), detail=250, face=9, refine=False).paintings == ((250, 200),)
    assert make_plan((5000, 40), detail=100, refine=False).paintings == ((100, 32),)


def test_mistakes() -> None:
    with pytest.raises(BadValue, match="31×500"):
        make_plan((31, 500))
    for detail in (63, 12001, True, 100.5):
        with pytest.raises(BadValue, match="detail"):
            make_plan((500, 500), detail=detail)  # type: ignore[arg-type]
    with pytest.raises(TooLarge, match=r"picture has 8000×7000.*smaller"):
        make_plan((8000, 7000))
    with pytest.raises(TooLarge, match=r"painting has 8000×8000.*less detail"):
        make_plan((500, 500), detail=8000)
