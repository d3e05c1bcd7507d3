"""The three families in one table, from the figures that the catalogue has of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from genapp.registry.catalog import Catalog, Measure

UNKNOWN = "not measured"
NONE = "–"


@dataclass(frozen=True)
class Column:
    """A family in the table.

    Attributes:
        title: above it.
        likelihood: whether it can tell how likely a picture is.
        entries: names of the catalogue's models that make it up; the first has the figures.
    """

    title: str
    likelihood: str
    entries: tuple[str, ...]


COLUMNS = (
    Column(
        "Autoregressive",
        "yes, exact",
        ("families/pixelcnn-pixels.faces32", "families/pixelcnn-rows.faces32"),
    ),
    Column("VAE", "yes, bounded from below", ("families/vae.faces32",)),
    Column("GAN", "no", ("faces/gated-gan.v1", "faces/gated-gan-mapping.v1")),
)
ROWS = (
    ("Bits/dim on held-out faces, less is better", "held-out faces, bits per byte"),
    ("Seconds for a face", "a sample at 32²"),
    ("Fréchet distance, less is better", "Fréchet distance of"),
    ("Precision: do its faces look real?", "precision of"),
    ("Recall: does it draw all kinds of faces?", "recall of"),
    ("Memorised: suspiciously near to a face that it learnt from", "samples at 32² nearer"),
)
"""What a row says, and how the catalogue's `what` begins (benchmarks/families.py writes it)."""
LIKELIHOOD = "held-out faces, bits per byte"
"""The row that a model without a likelihood cannot have."""
REAL = re.compile(r"other real faces: ([\d.]+)")


def table(catalog: Catalog) -> str:
    """The figures of all three, as Markdown. Rows that nobody has a figure for are left out."""
    head = ["", *(f"**{column.title}**" for column in COLUMNS), "other real faces"]
    likelihoods = [column.likelihood for column in COLUMNS]
    lines = [head, ["---"] * len(head), ["Tells how likely a picture is", *likelihoods, NONE]]
    for label, what in ROWS:
        found = [_find(catalog, column.entries[0], what) for column in COLUMNS]
        if any(found):
            cells = (_cell(*pair, what) for pair in zip(COLUMNS, found, strict=True))
            lines.append([label, *cells, _of_real(found)])
    lines.append(["Size, MB", *(_size(catalog, column.entries) for column in COLUMNS), NONE])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def sources(catalog: Catalog) -> str:
    """What exactly the figures are and which command gives them, as Markdown."""
    lines = []
    for column in COLUMNS:
        found = [_find(catalog, column.entries[0], what) for _, what in ROWS]
        lines += [
            f"- {column.title}, {measure.what}: {measure.value:g} {measure.unit}  \n"
            f"  `{measure.command}`"
            for measure in found
            if measure is not None
        ]
    return "\n".join(lines)


def _cell(column: Column, measure: Measure | None, what: str) -> str:
    if column.likelihood == "no" and what == LIKELIHOOD:
        return NONE
    if measure is None:
        return UNKNOWN
    bound = "≤ " if what == LIKELIHOOD and "bounded" in column.likelihood else ""
    return f"{bound}{measure.value:.3g}"


def _of_real(found: Sequence[Measure | None]) -> str:
    """What the same measure says of real faces, where it tells."""
    told = [REAL.search(measure.what) for measure in found if measure is not None]
    return next((match[1] for match in told if match is not None), NONE)


def _find(catalog: Catalog, entry: str, what: str) -> Measure | None:
    if entry not in catalog.names:
        return None
    measures = catalog.get(entry).measures
    return next((measure for measure in measures if measure.what.startswith(what)), None)


def _size(catalog: Catalog, entries: Sequence[str]) -> str:
    if not set(entries) <= set(catalog.names):
        return UNKNOWN
    sizes = [catalog.get(entry).bytes for entry in entries]
    return f"{sum(size or 0 for size in sizes) / 1e6:.1f}"
