"""Whether a model can be used on this machine."""

from genapp.errors import UserError
from genapp.registry.catalog import Model
from genapp.registry.engines import Engines
from genapp.registry.store import Store


def why_not(name: str, engines: Engines) -> str | None:
    """Why a model cannot be used here, for people; None if it can."""
    try:
        model = engines.catalog.get(name)
    except UserError as error:
        return str(error)
    return how_to_fetch(model, engines.store)


def how_to_fetch(model: Model, store: Store) -> str | None:
    """What to run before a model can be used; None if it is on this machine."""
    if all(store.find(file) and store.takes(file) for file in model.files):
        return None
    if all(store.takes(file) for file in model.files):
        return f"Fetch it first: `python -m genapp models pull {model.name}`."
    return (
        f"It is not pinned: {', '.join(doubts(model))}. If you trust its owner, fetch it with "
        f"`GENAPP_ALLOW_UNPINNED=1 python -m genapp models pull {model.name}`, and start the app "
        "with the same setting."
    )


def doubts(model: Model) -> tuple[str, ...]:
    """Why its files are not pinned, in a few words; empty if they are."""
    return tuple(dict.fromkeys(file.doubt for file in model.files if file.doubt is not None))
