import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genapp.errors import BadValue, TooLarge, UnknownName
from genapp.registry.catalog import Catalog
from genapp.upscaling.plan import Speeds, make_plan, target_size, upscalers

SIZE = (640, 480)


@pytest.mark.parametrize(
    ("asked", "models"),
    [
        ({}, ["upscale/near-x2.v1"]),
        ({"scale": 1.1}, ["upscale/near-x2.v1"]),
        ({"scale": 2}, ["upscale/near-x2.v1"]),
        ({"scale": 2.01}, ["upscale/near-x2.v1"]),
        ({"scale": 2.5}, ["upscale/near-x4.v1"]),
        ({"scale": 4}, ["upscale/near-x4.v1"]),
        ({"scale": 5}, ["upscale/near-x4.v1", "upscale/near-x2.v1"]),
        ({"scale": 8}, ["upscale/near-x4.v1", "upscale/near-x2.v1"]),
        ({"width": 1280, "height": 1920}, ["upscale/near-x4.v1"]),
        (
            {"scale": 4, "model": "upscale/tinted-x2.v1"},
            ["upscale/tinted-x2.v1", "upscale/tinted-x2.v1"],
        ),
        (
            {"scale": 8, "model": "upscale/tinted-x2.v1"},
            ["upscale/tinted-x2.v1", "upscale/near-x4.v1"],
        ),
        ({"scale": 2, "model": "upscale/near-x4.v1"}, ["upscale/near-x4.v1"]),
    ],
)
def test_the_nearest_models(
    catalog: Catalog, asked: dict[str, float | str], models: list[str]
) -> None:
    plan = make_plan(SIZE, catalog, **asked)  # type: ignore[arg-type]
    assert list(plan.models) == models
    assert plan.stages[0].size_in == SIZE
    assert plan.stages[-1].size_out == plan.size_out


@settings(deadline=None)  # The machine may be busy.
@given(
    st.tuples(st.integers(1, 3000), st.integers(1, 3000)),
    st.floats(1.1, 8, allow_nan=False),
)
def test_a_plan_reaches_its_size(catalog: Catalog, size: tuple[int, int], scale: float) -> None:
    plan = make_plan(size, catalog, scale=scale, max_megapixels=1e6)
    assert plan.size_out == (round(size[0] * scale), round(size[1] * scale))
    for before, after in zip(plan.stages, plan.stages[1:], strict=False):
        assert before.size_out == after.size_in
    assert len(plan.stages) <= 2


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        ({"scale": 1.5}, (960, 720)),
        ({"width": 1000}, (1000, 750)),
        ({"height": 1000}, (1333, 1000)),
        ({"width": 1000, "height": 600}, (1000, 600)),
        ({"width": 640, "height": 960}, (640, 960)),
    ],
)
def test_target_sizes(asked: dict[str, float], size: tuple[int, int]) -> None:
    assert target_size(SIZE, **asked) == size  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"scale": 1}, "The scale is 1"),
        ({"scale": 9}, "The scale is 9"),
        ({"scale": float("nan")}, "The scale is nan"),
        ({"scale": 2, "width": 900}, "a scale and a size"),
        ({"width": 0}, "The width is 0"),
        ({"width": 320}, "cannot be made 320×240"),
        ({"width": 1000, "height": 479}, "cannot be made 1000×479"),
        ({"height": 48_000}, "cannot be made"),
    ],
)
def test_sizes_refused(catalog: Catalog, asked: dict[str, float], message: str) -> None:
    with pytest.raises(BadValue, match=message):
        make_plan(SIZE, catalog, **asked)  # type: ignore[arg-type]


def test_too_many_pixels(catalog: Catalog) -> None:
    with pytest.raises(TooLarge, match=r"24000×16000.*100 megapixels.*Choose 4 times or less"):
        make_plan((3000, 2000), catalog, scale=8)
    with pytest.raises(TooLarge, match="Make it smaller"):
        make_plan((12_000, 8000), catalog, scale=2)


def test_unknown_models(catalog: Catalog) -> None:
    with pytest.raises(UnknownName, match="near-x4"):
        make_plan(SIZE, catalog, model="upscale/near-x3.v1")
    restorer = catalog.names[-1]
    assert restorer not in [model.name for model in upscalers(catalog)]
    with pytest.raises(UnknownName, match="no model named"):
        make_plan(SIZE, catalog, model=restorer)
    with pytest.raises(BadValue, match="no model that enlarges"):
        make_plan(SIZE, Catalog(()))


def test_seconds_are_the_catalogues_until_a_run_was_seen(catalog: Catalog) -> None:
    speeds = Speeds()
    twice, four = (make_plan((1000, 1000), catalog, scale=scale) for scale in (2, 4))
    both = make_plan((1000, 1000), catalog, scale=8, max_megapixels=1000)
    assert speeds.seconds(twice) == 4
    assert speeds.seconds(both) == 5 + 16 * 4
    speeds.saw(catalog.get("upscale/near-x2.v1"), 0.5, 4)  # Half as fast as listed.
    assert speeds.seconds(twice) == 8
    assert speeds.seconds(four) == 10
    tinted = make_plan((1000, 1000), catalog, model="upscale/tinted-x2.v1")
    assert speeds.seconds(tinted) is None
    speeds.saw(tinted.stages[0].model, 1, 3)
    assert speeds.seconds(tinted) == 3
