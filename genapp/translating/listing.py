"""What styles there are, for people to choose from: looks, licences, whether they are here."""

from dataclasses import dataclass

from genapp.registry.catalog import Catalog, commercial_only
from genapp.registry.store import Store
from genapp.translating.hub_styles import HUB_STYLES
from genapp.translating.looks import LOOKS
from genapp.translating.styles import MULTI, STYLES


@dataclass(frozen=True)
class ListedStyle:
    """A style or look that can be asked for by name."""

    name: str
    description: str
    model: str | None
    """The network that paints in it; None for a look."""
    license: str | None
    """Of the network: an SPDX expression."""
    commercial: bool
    """Whether commercial use is allowed."""
    present: bool
    """Whether it can be used now; else it has to be fetched from the Hub first, or is switched off
    by `GENAPP_COMMERCIAL_ONLY=1`."""


def list_styles(catalog: Catalog, store: Store) -> tuple[ListedStyle, ...]:
    """All of them: painted styles that are built in, looks, styles of the Hub."""
    painted = [
        *((style.name, style.description, MULTI) for style in STYLES),
        *((style.name, style.description, style.model) for style in HUB_STYLES),
    ]
    listed = [_painted(*each, catalog, store) for each in painted]
    looks = [ListedStyle(look.name, look.description, None, None, True, True) for look in LOOKS]
    return (*listed[: len(STYLES)], *looks, *listed[len(STYLES) :])


def _painted(
    name: str, description: str, model_name: str, catalog: Catalog, store: Store
) -> ListedStyle:
    model = catalog.get(model_name)
    here = all(store.takes(file) and store.find(file) is not None for file in model.files)
    allowed = model.commercial or not commercial_only()
    return ListedStyle(
        name, description, model_name, model.license, model.commercial, here and allowed
    )
