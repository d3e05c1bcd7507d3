"""Which networks make which size: nothing runs here."""

import math
from dataclasses import dataclass

from genapp.errors import BadValue, TooLarge, UnknownName
from genapp.registry.catalog import Catalog, Model

PREFIX = "upscale/"
"""Names of the catalogue's models that enlarge."""
SMALLEST, LARGEST = 1.1, 8.0
"""How many times a picture can be enlarged."""
CLOSE = 1.02
"""The resampler alone bridges this much: a side is a whole number of pixels."""
MAX_MEGAPIXELS = 100.0
SECONDS = "s/MP"
"""Unit of the catalogue's measure of cost: seconds per megapixel of input, two threads."""
QUALITY = "dB"
"""Unit of the catalogue's measure of quality, PSNR of the luma."""

Size = tuple[int, int]
"""Width and height in pixels."""


@dataclass(frozen=True)
class Stage:
    """One run of a network over the whole picture, and what the resampler makes of it."""

    model: Model
    size_in: Size
    size_out: Size

    @property
    def megapixels(self) -> float:
        """Of the input."""
        return self.size_in[0] * self.size_in[1] / 1e6


@dataclass(frozen=True)
class Plan:
    """How a picture gets from one size to another."""

    size_in: Size
    size_out: Size
    stages: tuple[Stage, ...]

    @property
    def scale(self) -> float:
        """How many times the longer side becomes longer."""
        longer = 0 if self.size_in[0] >= self.size_in[1] else 1
        return self.size_out[longer] / self.size_in[longer]

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the networks in the order in which they run."""
        return tuple(stage.model.name for stage in self.stages)


def upscalers(catalog: Catalog) -> tuple[Model, ...]:
    """The catalogue's models that enlarge, in its order."""
    return tuple(
        model
        for model in catalog.models
        if model.name.startswith(PREFIX) and model.scale is not None
    )


def make_plan(
    size: Size,
    catalog: Catalog,
    *,
    scale: float | None = None,
    width: int | None = None,
    height: int | None = None,
    model: str | None = None,
    max_megapixels: float = MAX_MEGAPIXELS,
) -> Plan:
    """The networks to run for a size.

    Args:
        size: width and height of the picture, px.
        catalog: where the models come from.
        scale: 1.1..8. Without it and without a size, 2.
        width, height: the size to reach, px; one alone keeps the proportions.
        model: name of the network to begin with; None: the catalogue's first embedded one that
            reaches the size. A network that enlarges more than enough is followed by a resampler,
            one that enlarges less by a second network.
        max_megapixels: the most pixels of the result, in millions.

    Raises:
        BadValue: a size or scale out of range, or both of them.
        TooLarge: more than `max_megapixels`.
        UnknownName: there is no such model.
    """
    target = target_size(size, scale=scale, width=width, height=height)
    if target[0] * target[1] > max_megapixels * 1e6:
        most = math.sqrt(max_megapixels * 1e6 / (size[0] * size[1]))
        limit = math.floor(most * 10) / 10
        remedy = f"Choose {limit:g} times or less." if limit >= SMALLEST else "Make it smaller."
        raise TooLarge(
            f"The result would be {target[0]}×{target[1]}, more than {max_megapixels:g} "
            "megapixels.",
            remedy,
        )
    return Plan(size, target, _stages(size, target, catalog, model))


def target_size(
    size: Size,
    *,
    scale: float | None = None,
    width: int | None = None,
    height: int | None = None,
) -> Size:
    """The size that is asked for; see `make_plan`, which raises the same."""
    if scale is not None and (width is not None or height is not None):
        raise BadValue("There are a scale and a size.", "Give one of them.")
    if width is None and height is None:
        factor = 2.0 if scale is None else scale
        # Also true of NaN.
        if not (SMALLEST <= factor <= LARGEST):
            raise BadValue(
                f"The scale is {factor:g}.", f"Choose a number from {SMALLEST:g} to {LARGEST:g}."
            )
        return round(size[0] * factor), round(size[1] * factor)
    for name, value in (("width", width), ("height", height)):
        if value is not None and value < 1:
            raise BadValue(f"The {name} is {value}.", "Choose a number of pixels.")
    if width is None:
        width = max(1, round(size[0] * (height or 0) / size[1]))
    if height is None:
        height = max(1, round(size[1] * width / size[0]))
    # Of one pixel, rounding makes a factor that nobody chose.
    factors = [new / old for new, old in zip((width, height), size, strict=True)]
    if not (SMALLEST <= max(factors) <= LARGEST + 0.01 and min(factors) >= 1):
        raise BadValue(
            f"The picture is {size[0]}×{size[1]} and cannot be made {width}×{height} here.",
            f"Choose a size {SMALLEST:g} to {LARGEST:g} times as large.",
        )
    return width, height


def _stages(size: Size, target: Size, catalog: Catalog, model: str | None) -> tuple[Stage, ...]:
    ready = [candidate for candidate in upscalers(catalog) if candidate.embedded]
    if model is not None:
        first = catalog.get(model)
        if first not in upscalers(catalog):
            raise UnknownName("model", model, [known.name for known in upscalers(catalog)])
        choices = [first]
    else:
        choices = ready
    if not choices:
        raise BadValue(
            "There is no model that enlarges in this catalogue.",
            "Install genapp again, or name another folder with GENAPP_WEIGHTS.",
        )
    stages: list[Stage] = []
    while not stages or _factor(size, target) > CLOSE:
        chosen = _nearest(choices, _factor(size, target))
        enlarged = (size[0] * _scale(chosen), size[1] * _scale(chosen))
        is_last = _factor(enlarged, target) <= CLOSE
        stages.append(Stage(chosen, size, target if is_last else enlarged))
        size = stages[-1].size_out
        choices = [*choices, *(other for other in ready if other not in choices)]
    return tuple(stages)


def _factor(size: Size, target: Size) -> float:
    return max(target[0] / size[0], target[1] / size[1])


def _nearest(choices: list[Model], factor: float) -> Model:
    """The first of the smallest that are large enough, or of the largest."""
    enough = [model for model in choices if _scale(model) * CLOSE >= factor]
    if enough:
        return min(enough, key=_scale)
    return max(choices, key=_scale)


def _scale(model: Model) -> int:
    return model.scale or 1


def listed_cost(model: Model) -> float | None:
    """Seconds per megapixel of input that the catalogue names."""
    return next((each.value for each in model.measures if each.unit == SECONDS), None)


def listed_quality(model: Model) -> tuple[str, float] | None:
    """What was measured, and the PSNR in dB."""
    return next(((each.what, each.value) for each in model.measures if each.unit == QUALITY), None)


class Speeds:
    """What networks cost on this machine: the catalogue's figures, corrected by what was seen."""

    def __init__(self) -> None:
        self._seen: dict[str, float] = {}
        self._ratios: list[float] = []

    @property
    def calibrated(self) -> bool:
        """Whether anything was seen yet that tells how fast this machine is."""
        return bool(self._ratios)

    def saw(self, model: Model, megapixels: float, seconds: float) -> None:
        """A run over that much of input took so long."""
        if megapixels <= 0 or seconds <= 0:
            return
        self._seen[model.name] = seconds / megapixels
        listed = listed_cost(model)
        if listed:
            self._ratios = [*self._ratios[-4:], self._seen[model.name] / listed]

    def seconds(self, plan: Plan) -> float | None:
        """How long the networks of a plan will take; None if nothing is known about one."""
        costs = [self._cost(stage.model) for stage in plan.stages]
        total = 0.0
        for cost, stage in zip(costs, plan.stages, strict=True):
            if cost is None:
                return None
            total += cost * stage.megapixels
        return total

    def _cost(self, model: Model) -> float | None:
        listed = listed_cost(model)
        if model.name in self._seen or listed is None:
            return self._seen.get(model.name)
        # The machine is as much faster or slower as it was with other models.
        ratio = sorted(self._ratios)[len(self._ratios) // 2] if self._ratios else 1.0
        return listed * ratio
