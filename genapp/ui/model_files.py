"""Whether a model can be used on this machine."""

from genapp.registry.catalog import Model
from genapp.registry.store import Store


def how_to_fetch(model: Model, store: Store) -> str | None:
    """What to run before a model can be used; None if it is on this machine."""
    if all(store.find(file) and store.takes(file) for file in model.files):
        return None
    if all(store.takes(file) for file in model.files):
        return f"Fetch it first: `python -m genapp models pull {model.name}`."
    return (
        "The catalogue has no commit and hash of it. If you trust its owner, fetch it with "
        f"`GENAPP_ALLOW_UNPINNED=1 python -m genapp models pull {model.name}`, and start the app "
        "with the same setting."
    )
