"""The three families in one table, from the figures that the catalogue has of them."""

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
    ("Bits/dim on held-out faces, less is better", "bits per dimension, held-out faces"),
    ("Bits/dim on training faces", "bits per dimension, training faces"),
    ("Samples a second, two cores", "samples a second"),
    ("Fréchet distance, less is better", "Fréchet distance at 32²"),
    ("Precision: do its faces look real?", "precision at 32²"),
    ("Recall: does it draw all kinds of faces?", "recall at 32²"),
    ("Nearer to a training face than real ones are", "nearest training face at 32²"),
)
"""What a row says, and how the catalogue's `what` begins."""
LIKELIHOOD = "bits per dimension"
"""Begins the rows that a model without a likelihood cannot have."""


def table(catalog: Catalog) -> str:
    """The figures of all three, as Markdown."""
    head = ["", *(f"**{column.title}**" for column in COLUMNS)]
    lines = [head, ["---"] * len(head)]
    lines.append(["Tells how likely a picture is", *(column.likelihood for column in COLUMNS)])
    lines += [[label, *_cells(catalog, what)] for label, what in ROWS]
    lines.append(["Size, MB", *(_size(catalog, column.entries) for column in COLUMNS)])
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


def _cells(catalog: Catalog, what: str) -> list[str]:
    return [_cell(catalog, column, what) for column in COLUMNS]


def _cell(catalog: Catalog, column: Column, what: str) -> str:
    if column.likelihood == "no" and what.startswith(LIKELIHOOD):
        return NONE
    measure = _find(catalog, column.entries[0], what)
    if measure is None:
        return UNKNOWN
    bound = "≤ " if what.startswith(LIKELIHOOD) and "bounded" in column.likelihood else ""
    return f"{bound}{measure.value:.3g}"


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
