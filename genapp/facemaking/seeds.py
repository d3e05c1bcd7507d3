"""Lists of seeds as people write them: 1,5,9-20."""

from genapp.errors import BadValue
from genapp.facemaking.latent import check_seed

MOST = 100_000
"""Seeds in one list."""


def parse_seeds(text: str) -> list[int]:
    """The seeds of a list such as "1,5,9-20", in its order.

    Raises:
        BadValue: it is no such list, names a seed twice, or has more than `MOST`.
    """
    seeds: list[int] = []
    for part in text.replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        if not first.isascii() or not first.isdigit() or (dash and not last.isdigit()):
            raise BadValue(
                f"{part[:40]!r} is no seed and no range of seeds.", "Write seeds as in 1,5,9-20."
            )
        start, end = check_seed(int(first)), check_seed(int(last if dash else first))
        if end < start:
            raise BadValue(f"The range {part!r} runs backwards.", f"Write {end}-{start}.")
        if len(seeds) + end - start >= MOST:
            raise BadValue(f"These are more than {MOST} seeds.", "Make them in several parts.")
        seeds.extend(range(start, end + 1))
    if len(set(seeds)) < len(seeds):
        twice = next(seed for seed in seeds if seeds.count(seed) > 1)
        raise BadValue(f"The seed {twice} is in the list twice.", "Name each seed once.")
    return seeds
