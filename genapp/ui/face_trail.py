"""The faces a visitor has come by: one is chosen, and each step can be undone."""

from dataclasses import dataclass, replace

LONGEST = 100
"""Steps that are remembered."""


@dataclass(frozen=True)
class Trail:
    """What is left of a visit. Faces are recipes: a recipe alone gives its face again, so that
    nothing here can get lost or old."""

    now: str | None = None
    """Recipe of the chosen face."""
    past: tuple[str, ...] = ()
    future: tuple[str, ...] = ()
    """Undone, the next one first."""
    step: str = ""
    """What led here; the same again is no step of its own, as when a slider is dragged."""

    def go(self, recipe: str, step: str = "") -> "Trail":
        """Another face is chosen; `step` names the slider that led to it."""
        if recipe == self.now:
            return self
        if self.now is None or (step and step == self.step):
            return Trail(recipe, self.past, (), step)
        return Trail(recipe, (*self.past, self.now)[-LONGEST:], (), step)

    def undo(self) -> "Trail":
        """The face before."""
        if not self.past or self.now is None:
            return self
        return Trail(self.past[-1], self.past[:-1], (self.now, *self.future))

    def redo(self) -> "Trail":
        """The face that was left last."""
        if not self.future or self.now is None:
            return self
        return Trail(self.future[0], (*self.past, self.now), self.future[1:])

    def settle(self) -> "Trail":
        """The next movement of the same slider is a step of its own."""
        return replace(self, step="")
