"""Simple drawings with colours, made by rule: what photographs turned into lines don't teach.

People draw a house under a yellow sun with a few strokes. Each scene here is painted twice, thing
by thing from back to front: in colours, and as outlines on white paper that hide each other.
"""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Rng = np.random.Generator
Points = npt.NDArray[np.float64]

SUB = 4  # bits of the fractions of pixels

SKY = ("#9cc8ee", "#7db4e6", "#b9dcf5", "#cfe6f2", "#f3c9a0")
GRASS = ("#6fa84a", "#86b957", "#5b8f3c", "#9ac46a", "#b5b560")
LEAVES = ("#4c8a3a", "#3f7a35", "#69a04a", "#2f6b40", "#c98a35")
WOOD = ("#7a4f2e", "#8b5e3a", "#5f4030", "#a0764d")
SEA = ("#3f86c0", "#2f6fa8", "#58a8c8", "#3a90a0")
ROCK = ("#8d8f98", "#7a7f8d", "#9b9088", "#6f86a0")
WALL = ("#f0e2c4", "#e8d0b0", "#f5f0e6", "#d8a080", "#c9d8e6", "#f0d878")
ROOF = ("#b5482f", "#a03a30", "#8a5a45", "#6a6f80", "#c8643c")
BRIGHT = ("#d83a34", "#f0a52c", "#f4d33a", "#e66aa0", "#8a5ac0", "#4a72d0", "#f2f2f2", "#e8603a")
SUN = ("#f8d840", "#f6c430", "#f9e070")
SKIN = ("#f0c8a8", "#e6b494", "#d49c78", "#b57a54", "#8a5a3c", "#6a442e", "#f4d6c0")
HAIR = ("#2a201c", "#4a3020", "#6e4628", "#a8743c", "#d8b46a", "#8a8884", "#9a4a28")
CLOTH = ("#3a5a9a", "#b03a3a", "#3a7a5a", "#e8e6e0", "#4a4a54", "#d8b04a", "#7a4a8a", "#88b0d0")
ROOM = ("#e6ddd0", "#c9d6de", "#d9e0cc", "#f4f2ee", "#b8c4b0", "#e2c8b8")
FRUIT = ("#c8302c", "#e88a24", "#b8c840", "#f0cc3a", "#7a2a50", "#8ab83c")
FUR = ("#c88a4a", "#8a8680", "#4a3c34", "#e8d8c0", "#a0643c", "#d8a868")


class Scene:
    """A picture in the making; places are in units of its side, y down."""

    def __init__(self, size: int, rng: Rng) -> None:
        """Starts with white paper of ``size``² pixels."""
        self.size, self.rng = size, rng
        self.colors = np.ones((size, size, 3), np.float32)
        self.lines = np.ones((size, size), np.float32)
        self.width = max(round(rng.uniform(0.003, 0.013) * size), 1)

    def color(self, choices: Sequence[str]) -> tuple[float, ...]:
        """Returns one of the colours (#rrggbb), a little changed, as RGB 0..1."""
        value = int(str(self.rng.choice(choices))[1:], 16)
        rgb = np.array([value >> 16, value >> 8 & 255, value & 255]) / 255
        return tuple(
            np.clip(rgb * np.exp(self.rng.normal(0, 0.08)) + self.rng.normal(0, 0.02, 3), 0, 1)
        )

    def area(self, points: Points, color: tuple[float, ...], outline: bool = True) -> None:
        """Paints a closed shape, its outline wobbling as a hand does."""
        shape = self._pixels(points)
        cv2.fillPoly(self.colors, [shape], color, cv2.LINE_AA, SUB)
        if outline:
            cv2.fillPoly(self.lines, [shape], 1.0, cv2.LINE_AA, SUB)
            cv2.polylines(self.lines, [shape], True, 0.0, self.width, cv2.LINE_AA, SUB)

    def stroke(self, points: Points) -> None:
        """Draws an open line, which has no colour of its own."""
        shape = self._pixels(points)
        cv2.polylines(self.lines, [shape], False, 0.0, self.width, cv2.LINE_AA, SUB)

    def _pixels(self, points: Points) -> npt.NDArray[np.int32]:
        wobble = self.rng.normal(0, 0.0015, points.shape)
        return np.asarray(np.round((points + wobble) * self.size * 2**SUB), np.int32)


def oval(x: float, y: float, rx: float, ry: float, bumps: int = 0, depth: float = 0.0) -> Points:
    """Returns an ellipse, perhaps with bumps as a cloud or the crown of a tree has them."""
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    radius = 1 + depth * np.abs(np.sin(bumps * angle / 2))
    return np.stack([x + rx * radius * np.cos(angle), y + ry * radius * np.sin(angle)], 1)


def box(x: float, y: float, width: float, height: float) -> Points:
    """Returns a rectangle; x, y is its top left."""
    return np.array([(x, y), (x + width, y), (x + width, y + height), (x, y + height)])


def ridge(level: float, height: float, steps: int, rng: Rng, smooth: bool = True) -> Points:
    """Returns the land below a skyline that goes across the picture."""
    x = np.linspace(-0.05, 1.05, 60 if smooth else steps)
    knots = rng.uniform(-height, height, steps)
    y = level + np.interp(x, np.linspace(-0.05, 1.05, steps), knots)
    if smooth:
        y = np.convolve(np.pad(y, 6, "edge"), np.ones(13) / 13, "valid")
    return np.concatenate([np.stack([x, y], 1), [(1.05, 1.05), (-0.05, 1.05)]])


def turned(points: Points, x: float, y: float, angle: float) -> Points:
    """Returns points turned about the origin, then moved to x, y."""
    c, s = np.cos(angle), np.sin(angle)
    return np.asarray(points @ np.array([[c, s], [-s, c]]) + [x, y])


def landscape(scene: Scene) -> None:
    """Paints sky, land or sea, and things on it."""
    rng = scene.rng
    scene.area(box(-0.05, -0.05, 1.1, 1.1), scene.color(SKY[:-1] * 4 + SKY[-1:]), outline=False)
    if rng.random() < 0.6:
        sun(scene, rng.uniform(0.08, 0.92), rng.uniform(0.08, 0.25))
    for _ in range(rng.integers(0, 4)):
        cloud(scene, rng.uniform(0, 1), rng.uniform(0.05, 0.3))
    horizon = rng.uniform(0.4, 0.7)
    if rng.random() < 0.4:
        peaks = ridge(horizon - 0.08, 0.17, int(rng.integers(4, 9)), rng, rng.random() < 0.4)
        scene.area(peaks, scene.color(ROCK))
    if rng.random() < 0.3:
        scene.area(ridge(horizon, 0.003, 3, rng), scene.color(SEA))
        for _ in range(rng.integers(2, 9)):
            x, y = rng.uniform(0, 1), rng.uniform(horizon + 0.06, 1)
            ripple = np.linspace(0, 0.12, 12)
            scene.stroke(np.stack([x + ripple, y + 0.01 * np.sin(120 * ripple)], 1))
        for _ in range(rng.integers(0, 3)):
            boat(scene, rng.uniform(0.15, 0.85), rng.uniform(horizon + 0.05, 0.85))
        if rng.random() < 0.4:
            scene.area(ridge(0.9, 0.04, 4, rng), scene.color((*GRASS, "#e6cf9a", "#dcc48a")))
        return
    color = scene.color(GRASS)
    for layer in np.linspace(horizon, 0.85, int(rng.integers(1, 4))):
        scene.area(ridge(layer, 0.04, 5, rng), color if rng.random() < 0.5 else scene.color(GRASS))
    things = [house, tree, conifer, tree, bush, small_flower, small_flower]
    for y in np.sort(rng.uniform(horizon + 0.05, 0.95, int(rng.integers(1, 8)))):
        things[rng.integers(len(things))](scene, rng.uniform(0.05, 0.95), float(y))


def sun(scene: Scene, x: float, y: float) -> None:
    """Paints a sun, perhaps with rays."""
    radius = scene.rng.uniform(0.04, 0.1)
    scene.area(oval(x, y, radius, radius), scene.color(SUN))
    if scene.rng.random() < 0.7:
        for angle in np.linspace(0, 2 * np.pi, int(scene.rng.integers(6, 14)), endpoint=False):
            way = np.array([np.cos(angle), np.sin(angle)])
            scene.stroke(np.array([(x, y) + 1.25 * radius * way, (x, y) + 1.7 * radius * way]))


def cloud(scene: Scene, x: float, y: float) -> None:
    """Paints a cloud."""
    wide = scene.rng.uniform(0.07, 0.16)
    bumps = int(scene.rng.integers(5, 10))
    scene.area(oval(x, y, wide, wide * 0.45, bumps, 0.3), scene.color(("#f8fafc", "#e8eef4")))


def boat(scene: Scene, x: float, y: float) -> None:
    """Paints a boat with sails."""
    s = scene.rng.uniform(0.1, 0.25)
    hull = np.array([(-1, -0.25), (1, -0.25), (0.7, 0.15), (-0.7, 0.15)])
    scene.area(
        np.array([(x, y - 0.25 * s), (x, y - 1.7 * s), (x + 0.8 * s, y - 0.4 * s)]),
        scene.color(("#f6f4ec", "#f0e8d8", *BRIGHT)),
    )
    if scene.rng.random() < 0.6:
        scene.area(
            np.array(
                [
                    (x - 0.05 * s, y - 0.4 * s),
                    (x - 0.05 * s, y - 1.5 * s),
                    (x - 0.6 * s, y - 0.4 * s),
                ]
            ),
            scene.color(("#f6f4ec", *BRIGHT)),
        )
    scene.area(hull * s + [x, y], scene.color((*WOOD, *BRIGHT)))


def house(scene: Scene, x: float, y: float) -> None:
    """Paints a house with a roof, a door and windows; its foot is at x, y."""
    rng = scene.rng
    wide, high = rng.uniform(0.15, 0.35), rng.uniform(0.12, 0.25)
    left, top = x - wide / 2, y - high
    if rng.random() < 0.5:
        scene.area(box(left + 0.7 * wide, top - 0.13, 0.1 * wide, 0.13), scene.color(ROOF))
    scene.area(box(left, top, wide, high), scene.color(WALL))
    over, ridge_in = 0.1 * wide, float(rng.choice([0.5, 0.5, 0.25])) * wide
    roof = [
        (left - over, top),
        (left + ridge_in, top - 0.6 * high),
        (left + wide - ridge_in, top - 0.6 * high),
        (left + wide + over, top),
    ]
    scene.area(np.array(roof), scene.color(ROOF))
    glass = scene.color(("#a8d0e8", "#88b8d8", "#f4e08a", "#5a7088"))
    for place in (0.12, 0.66):
        scene.area(box(left + place * wide, top + 0.2 * high, 0.2 * wide, 0.3 * high), glass)
    scene.area(
        box(left + 0.41 * wide, y - 0.55 * high, 0.18 * wide, 0.55 * high),
        scene.color((*WOOD, *ROOF, "#3a6a9a")),
    )


def tree(scene: Scene, x: float, y: float) -> None:
    """Paints a round tree."""
    rng = scene.rng
    high = rng.uniform(0.15, 0.4)
    scene.area(box(x - 0.06 * high, y - 0.5 * high, 0.12 * high, 0.5 * high), scene.color(WOOD))
    shape = oval(x, y - 0.7 * high, 0.32 * high, 0.36 * high, int(rng.integers(0, 12)), 0.15)
    scene.area(shape, scene.color(LEAVES))


def conifer(scene: Scene, x: float, y: float) -> None:
    """Paints a fir."""
    high = scene.rng.uniform(0.12, 0.4)
    scene.area(box(x - 0.05 * high, y - 0.2 * high, 0.1 * high, 0.2 * high), scene.color(WOOD))
    color = scene.color(LEAVES[:-1])
    for step in range(int(scene.rng.integers(1, 4))):
        low, half = y - (0.15 + 0.2 * step) * high, (0.28 - 0.06 * step) * high
        tip = (x, low - (0.85 - 0.12 * step) * high * (0.55 if step else 0.8))
        scene.area(np.array([(x - half, low), tip, (x + half, low)]), color)


def bush(scene: Scene, x: float, y: float) -> None:
    """Paints a bush."""
    wide = scene.rng.uniform(0.05, 0.12)
    shape = oval(x, y - wide / 2, wide, wide * 0.6, int(scene.rng.integers(5, 11)), 0.25)
    scene.area(shape, scene.color(LEAVES))


def small_flower(scene: Scene, x: float, y: float) -> None:
    """Paints a flower as it stands in a meadow."""
    flower(scene, x, y - scene.rng.uniform(0.08, 0.15), scene.rng.uniform(0.025, 0.05), y)


def flower(scene: Scene, x: float, y: float, radius: float, foot: float) -> None:
    """Paints petals around a centre, a stem down to ``foot``, and leaves."""
    rng = scene.rng
    green, stem = scene.color(LEAVES[:-1]), max(0.08 * radius, 0.006)
    bend = x + rng.normal(0, 0.3) * radius
    scene.area(
        np.array([(x - stem, y), (x + stem, y), (bend + stem, foot), (bend - stem, foot)]), green
    )
    petal = oval(1, 0, 0.62, rng.uniform(0.25, 0.5))
    for side in (-1, 1):
        if rng.random() < 0.7 and foot - y > 1.2 * radius:
            leaf = petal * [1, 0.8] * radius
            place = rng.uniform(y + 0.55 * (foot - y), foot)
            scene.area(
                turned(leaf, (x + bend) / 2, place, -0.5 if side > 0 else np.pi + 0.5), green
            )
    color = scene.color(BRIGHT)
    for angle in np.linspace(0, 2 * np.pi, int(rng.integers(5, 11)), endpoint=False):
        scene.area(turned(petal * radius * 0.62, x, y, angle + 0.2), color)
    middle = rng.uniform(0.25, 0.45) * radius
    scene.area(
        oval(x, y, middle, middle), scene.color(("#f4cc38", "#e8a82c", "#6a4428", "#f6e27a"))
    )


def flowers(scene: Scene) -> None:
    """Paints one to three large flowers."""
    rng = scene.rng
    scene.area(box(-0.05, -0.05, 1.1, 1.1), scene.color((*ROOM, *SKY, *GRASS)), outline=False)
    count = int(rng.integers(1, 4))
    pot = rng.random() < 0.4
    foot = 0.72 if pot else 1.05
    for number in range(count):
        x = (number + 0.5) / count + rng.normal(0, 0.04)
        base = rng.uniform(0.2, 0.45)
        flower(
            scene,
            0.5 + (x - 0.5) * (0.6 if pot else 0.9),
            base,
            rng.uniform(0.14, 0.32) / count**0.4,
            foot,
        )
    if pot:
        vase = np.array([(-0.16, 0), (0.16, 0), (0.11, 0.25), (-0.11, 0.25)])
        scene.area(vase + np.array([0.5, 0.7]), scene.color((*ROOF, *BRIGHT, *SEA)))


def portrait(scene: Scene) -> None:
    """Paints a head with hair, neck and clothes."""
    rng = scene.rng
    scene.area(box(-0.05, -0.05, 1.1, 1.1), scene.color((*ROOM, *SKY, *GRASS)), outline=False)
    x, y, rx = rng.uniform(0.42, 0.58), rng.uniform(0.4, 0.5), rng.uniform(0.14, 0.22)
    ry = rx * rng.uniform(1.15, 1.4)
    skin, hair = scene.color(SKIN), scene.color(HAIR)
    if rng.random() < 0.6:  # long hair hangs behind
        scene.area(
            oval(x, y + 0.25 * ry, 1.3 * rx, 1.45 * ry, int(rng.integers(0, 14)), 0.05), hair
        )
    body = np.array([(-1.9, 3), (-1.7, 1.75), (-0.5, 1.35), (0.5, 1.35), (1.7, 1.75), (1.9, 3)])
    scene.area(box(x - 0.38 * rx, y + 0.7 * ry, 0.76 * rx, 0.8 * ry), skin)
    scene.area(body * [rx, ry] + [x, y], scene.color(CLOTH))
    for side in (-1, 1):
        scene.area(oval(x + side * rx, y, 0.14 * rx, 0.2 * ry), skin)
    scene.area(oval(x, y, rx, ry), skin)
    white, iris = (
        scene.color(("#f6f4f0",)),
        scene.color(("#5a3a24", "#4a6a8a", "#5a7a4a", "#2a2420")),
    )
    for side in (-1, 1):
        eye = x + side * 0.42 * rx, y - 0.08 * ry
        scene.area(oval(*eye, 0.2 * rx, rng.uniform(0.07, 0.13) * ry), white)
        scene.area(oval(*eye, 0.08 * rx, 0.07 * ry), iris)
        brow = np.linspace(-0.24, 0.24, 8)
        scene.stroke(np.stack([eye[0] + brow * rx, eye[1] - (0.2 - brow**2) * ry], 1))
    scene.stroke(np.array([(0.02, 0), (-0.1, 0.28), (0.06, 0.32)]) * [rx, ry] + [x, y])
    wide = rng.uniform(0.25, 0.42) * rx
    scene.area(
        oval(x, y + 0.55 * ry, wide, rng.uniform(0.05, 0.12) * ry),
        scene.color(("#c8605a", "#b84a50", "#d88a80")),
    )
    line = np.linspace(-1, 1, 10)
    scene.stroke(np.stack([x + wide * line, y + (0.57 - 0.03 * line**2) * ry], 1))
    cut = rng.uniform(0.35, 0.65)
    angle = np.linspace(np.pi * 1.0, 2 * np.pi, 30)
    outer = np.stack([1.12 * np.cos(angle), 1.15 * np.sin(angle)], 1)
    fringe = np.linspace(1, -1, 14)
    inner = np.stack(
        [0.97 * fringe, -cut + (cut - 0.05) * np.abs(fringe + rng.uniform(-0.4, 0.4)) ** 2], 1
    )
    scene.area(np.concatenate([outer, inner]) * [rx, ry] + [x, y], hair)


def fruit(scene: Scene) -> None:
    """Paints fruit on a table."""
    rng = scene.rng
    scene.area(box(-0.05, -0.05, 1.1, 1.1), scene.color(ROOM), outline=False)
    table = rng.uniform(0.5, 0.7)
    scene.area(box(-0.05, table, 1.1, 0.6), scene.color((*WOOD, *ROOM, *CLOTH)))
    for y in np.sort(rng.uniform(table, 0.85, int(rng.integers(1, 6)))):
        x, radius = rng.uniform(0.15, 0.85), rng.uniform(0.09, 0.17)
        stem = np.array([(x, y - 0.8 * radius), (x + 0.1 * radius, y - 1.4 * radius)])
        scene.area(oval(x, float(y), radius, radius * rng.uniform(0.9, 1.25)), scene.color(FRUIT))
        scene.stroke(stem)
        if rng.random() < 0.6:
            leaf = oval(1, 0, 0.9, 0.35) * radius * 0.4
            scene.area(
                turned(leaf, stem[1, 0], stem[1, 1], rng.uniform(-0.8, 0.3)),
                scene.color(LEAVES[:-1]),
            )


def fish(scene: Scene) -> None:
    """Paints fish in water, with weeds."""
    rng = scene.rng
    scene.area(box(-0.05, -0.05, 1.1, 1.1), scene.color((*SEA, *SKY[:2])), outline=False)
    scene.area(ridge(0.9, 0.04, 5, rng), scene.color(("#e6cf9a", "#c8b080", "#8d8f98")))
    for _ in range(rng.integers(0, 5)):
        x, high = rng.uniform(0, 1), rng.uniform(0.1, 0.35)
        weed = oval(x, 0.92 - high / 2, 0.025, high / 2, 9, 0.2)
        scene.area(weed, scene.color(LEAVES[:-1]))
    for _ in range(rng.integers(1, 5)):
        x, y, s = rng.uniform(0.2, 0.8), rng.uniform(0.15, 0.8), rng.uniform(0.08, 0.26)
        way, color = float(rng.choice([-1, 1])), scene.color(BRIGHT)
        fin = scene.color(BRIGHT) if rng.random() < 0.5 else color
        for part in (
            [(-0.8, 0), (-1.5, -0.45), (-1.5, 0.45)],
            [(-0.3, -0.4), (0, -0.75), (0.3, -0.4)],
        ):
            scene.area(np.array(part) * [way * s, s] + [x, y], fin)
        scene.area(oval(x, y, s, 0.5 * s), color)
        scene.area(
            oval(x + 0.6 * way * s, y - 0.1 * s, 0.09 * s, 0.09 * s), scene.color(("#ffffff",))
        )


def animal(scene: Scene) -> None:
    """Paints the head of a cat or of a bear."""
    rng = scene.rng
    scene.area(box(-0.05, -0.05, 1.1, 1.1), scene.color((*ROOM, *SKY, *GRASS)), outline=False)
    fur, x, y, r = (
        scene.color(FUR),
        rng.uniform(0.4, 0.6),
        rng.uniform(0.4, 0.55),
        rng.uniform(0.18, 0.28),
    )
    scene.area(oval(x, y + 1.9 * r, 1.1 * r, 1.3 * r), fur)
    pointed = rng.random() < 0.6
    for side in (-1, 1):
        ear = (
            np.array([(0.35, -0.8), (0.85, -1.45), (0.98, -0.4)])
            if pointed
            else oval(0.75, -0.8, 0.35, 0.35)
        )
        scene.area(ear * [side * r, r] + [x, y], fur)
    scene.area(oval(x, y, r, 0.88 * r), fur)
    for side in (-1, 1):
        scene.area(
            oval(x + 0.4 * side * r, y - 0.15 * r, 0.15 * r, 0.17 * r),
            scene.color(("#9ab84a", "#d8b040", "#2a2420")),
        )
        for slope in (-0.1, 0.05, 0.2):
            scene.stroke(np.array([(0.3 * side, 0.35), (1.25 * side, 0.3 + slope)]) * r + [x, y])
    scene.area(
        np.array([(-0.13, 0.2), (0.13, 0.2), (0, 0.36)]) * r + [x, y],
        scene.color(("#e08a8a", "#3a2c2a")),
    )
    for side in (-1, 1):
        scene.stroke(np.array([(0, 0.36), (0.1 * side, 0.52), (0.3 * side, 0.5)]) * r + [x, y])


SCENES: tuple[tuple[Callable[[Scene], None], float], ...] = (
    (landscape, 0.42),
    (portrait, 0.2),
    (flowers, 0.14),
    (fruit, 0.08),
    (fish, 0.08),
    (animal, 0.08),
)


def doodle(size: int, rng: Rng) -> tuple[Array, Array]:
    """Returns a scene: size×size×3 RGB 0..1, and its lines, size×size, 0 black to 1 white."""
    scene = Scene(size, rng)
    kind = int(rng.choice(len(SCENES), p=[chance for _, chance in SCENES]))
    SCENES[kind][0](scene)
    return scene.colors, scene.lines
