"""Two pictures in one, with a label that is shared: MixUp and CutMix."""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from genapp.augmenting.draws import Draws
from genapp.augmenting.recipe import Mixing
from genapp.augmenting.sample import Sample, Step
from genapp.augmenting.sources import Box

VISIBLE = 0.25
"""Share of a box that must still be seen for it to be kept."""


def kind_of(settings: Mixing, draws: Draws) -> str | None:
    """Which mix the picture gets: "mixup", "cutmix", or None."""
    drawn = draws.uniform("mix")
    if drawn < settings.mixup:
        return "mixup"
    return "cutmix" if drawn > 1 - settings.cutmix else None


def mix(kind: str, first: Sample, second: Sample, settings: Mixing, draws: Draws) -> Sample:
    """The first picture with something of the second, which has its size.

    The first one always has the larger share.
    """
    share = float(draws.generator("share").beta(settings.alpha, settings.alpha))
    share = max(share, 1 - share)
    return (mixup if kind == "mixup" else cutmix)(first, second, share, draws)


def mixup(first: Sample, second: Sample, share: float, draws: Draws) -> Sample:
    """Both at once, as in a double exposure; the boxes of both, the mask of the first.

    Zhang et al. 2017, https://arxiv.org/abs/1710.09412.
    """
    mixed = share * first.pixels.astype(np.float32) + (1 - share) * second.pixels
    pixels = np.asarray(np.rint(mixed), np.uint8)
    step = Step("mixup", round(share, 3))
    boxes = first.boxes + second.boxes
    shares = mixed_shares(first.shares, second.shares, share)
    return replace(first, pixels=pixels, shares=shares, boxes=boxes, steps=(*first.steps, step))


def cutmix(first: Sample, second: Sample, share: float, draws: Draws) -> Sample:
    """The first with a rectangle of the second, in the same place; boxes and mask follow.

    Yun et al. 2019, https://arxiv.org/abs/1905.04899.
    """
    height, width = first.pixels.shape[:2]
    side = math.sqrt(1 - share)
    wide, tall = round(width * side), round(height * side)
    left = draws.choice("cut left", width - wide + 1)
    top = draws.choice("cut top", height - tall + 1)
    rows, columns = slice(top, top + tall), slice(left, left + wide)
    pixels = first.pixels.copy()
    pixels[rows, columns] = second.pixels[rows, columns]
    mask = first.mask
    if mask is not None:
        mask = mask.copy()
        mask[rows, columns] = 0 if second.mask is None else second.mask[rows, columns]
    share = 1 - wide * tall / (width * height)
    place = Box("", left, top, left + wide, top + tall)
    boxes = [box for box in first.boxes if 1 - _overlap(box, place) >= VISIBLE]
    boxes += [_clipped(box, place) for box in second.boxes if _overlap(box, place) >= VISIBLE]
    step = Step("cutmix", (round(share, 3), left, top, wide, tall))
    shares = mixed_shares(first.shares, second.shares, share)
    steps = (*first.steps, step)
    return replace(first, pixels=pixels, shares=shares, boxes=tuple(boxes), mask=mask, steps=steps)


def mixed_shares(
    first: Mapping[str, float], second: Mapping[str, float], share: float
) -> dict[str, float]:
    """The label of a mix, the largest share first."""
    labels = dict.fromkeys([*first, *second])
    shares = {
        label: round(share * first.get(label, 0) + (1 - share) * second.get(label, 0), 4)
        for label in labels
    }
    return dict(sorted(shares.items(), key=lambda pair: -pair[1]))


def _overlap(box: Box, place: Box) -> float:
    """Share of a box that lies in a place."""
    inner = _clipped(box, place)
    wide, tall = inner.right - inner.left, inner.bottom - inner.top
    whole = (box.right - box.left) * (box.bottom - box.top)
    return max(wide, 0) * max(tall, 0) / whole


def _clipped(box: Box, place: Box) -> Box:
    return Box(
        box.label,
        max(box.left, place.left),
        max(box.top, place.top),
        min(box.right, place.right),
        min(box.bottom, place.bottom),
    )
