"""What styles there are, for people to choose from: looks, licences, whether they are here."""

from dataclasses import dataclass

from genapp.registry.catalog import Catalog
from genapp.registry.store import Store
from genapp.translating.hub_styles import HUB_STYLES
from genapp.translating.looks import LOOKS
from genapp.translating.styles import STYLES


@dataclass(frozen=True)
class ListedStyle:
    """A style or look that can be asked for by name."""

    name: str
    description: str
    model: str | None
    """The network that paints in it; None where there is none."""
    license: str | None
    """Of the network: an SPDX expression."""
    commercial: bool
    """Whether commercial use is allowed."""
    present: bool
    """Whether it can be used now; else it has to be fetched from the Hub first."""


def list_styles(catalog: Catalog, store: Store) -> tuple[ListedStyle, ...]:
    """All of them: built-in styles, looks, styles of the Hub, but for hidden ones."""
    models = [
        *((style.name, style.description, style.model) for style in STYLES),
        *((look.name, look.description, look.name) for look in LOOKS),
        *((style.name, style.description, style.model) for style in HUB_STYLES),
    ]
    hidden = {model.name for model in catalog.hidden}
    return tuple(_listed(*each, catalog, store) for each in models if each[2] not in hidden)


def _listed(
    name: str, description: str, model_name: str, catalog: Catalog, store: Store
) -> ListedStyle:
    if model_name not in catalog.names:
        return ListedStyle(name, description, None, None, True, True)
    model = catalog.get(model_name)
    here = all(store.takes(file) and store.find(file) is not None for file in model.files)
    return ListedStyle(name, description, model_name, model.license, model.commercial, here)
