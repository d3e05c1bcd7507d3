"""Which models colour, and how each is opened."""

from collections.abc import Callable

from genapp.colorizing import readout
from genapp.colorizing.colorizer import Colorizer, MobilenetUnet
from genapp.colorizing.ddcolor import DDColor
from genapp.colorizing.deoldify import DeOldify
from genapp.errors import BadValue, UnknownName
from genapp.registry.catalog import Catalog, Model
from genapp.registry.engines import Engine, Engines

PREFIX = "colorize/"
"""Names of the catalogue's models that colour."""

OWN = "mobilenet-unet"
"""The architecture that comes with genapp, in two stages."""

SKETCHES = "sketch-unet"
"""The architecture that colours line drawings; it comes with genapp too."""

ADAPTERS: dict[str, Callable[[Engine], Colorizer]] = {"ddcolor": DDColor, "deoldify": DeOldify}
"""The others, by the architecture: the part of a model's name between / and the dot."""

PREFERRED = ("colorize/ddcolor.tiny",)
"""Models that are better than the embedded one, best first: taken where they are already here."""


def colorizers(catalog: Catalog) -> tuple[Model, ...]:
    """The catalogue's models that colour photographs, in its order."""
    return tuple(
        model
        for model in catalog.models
        if model.name.startswith(PREFIX) and _architecture(model) in (OWN, *ADAPTERS)
    )


def sketchers(catalog: Catalog) -> tuple[Model, ...]:
    """The catalogue's models that colour line drawings, in its order."""
    return tuple(
        model
        for model in catalog.models
        if model.name.startswith(PREFIX) and _architecture(model) == SKETCHES
    )


def choose_model(engines: Engines, name: str | None = None, *, sketch: bool = False) -> Model:
    """The model of this name; without one the best that needs no download.

    Args:
        engines: the pool with the catalogue, and what is here of it.
        name: `colorize/…`, or None.
        sketch: for line drawings, not for photographs.

    Raises:
        UnknownName: there is no model of this name that colours.
        BadValue: no name, and the catalogue has none that comes with genapp.
    """
    known = (sketchers if sketch else colorizers)(engines.catalog)
    if name is not None:
        model = engines.catalog.get(name)
        if model not in known:
            raise UnknownName("model", name, [each.name for each in known])
        return model
    for preferred in PREFERRED:
        for model in known:
            here = all(engines.store.find(file) is not None for file in model.files)
            if model.name == preferred and here:
                return model
    embedded = [model for model in known if model.embedded]
    if not embedded:
        what = "drawings" if sketch else "photos"
        raise BadValue(
            f"There is no model that colours {what} in this catalogue.",
            "Install genapp again, or name another folder with GENAPP_WEIGHTS.",
        )
    return embedded[0]


def own_model(catalog: Catalog) -> Model | None:
    """The network that comes with genapp: it takes hints, and tells how likely a colour is."""
    own = [model for model in colorizers(catalog) if _architecture(model) == OWN]
    return own[0] if own else None


def open_colorizer(
    model: Model, engines: Engines, settings: readout.Settings = readout.DEFAULT
) -> Colorizer:
    """The model, ready to run. Raises as `Engines.get` does.

    `settings` are for our own network; the others give colours that need no reading out.
    """
    engine = engines.get(model.name)
    if _architecture(model) == OWN:
        fine = engines.get(model.name.replace(OWN, f"{OWN}-fine"))
        return MobilenetUnet(engine, fine, settings)
    return ADAPTERS[_architecture(model)](engine)


def _architecture(model: Model) -> str:
    return model.name.removeprefix(PREFIX).partition(".")[0]
