"""The catalogue for programs: what `models list --json` and the endpoint `/models` tell."""

from typing import Any

from genapp.registry.catalog import Catalog, Model
from genapp.registry.store import Store


def listed(catalog: Catalog, store: Store) -> list[dict[str, Any]]:
    """A row for each model, in the catalogue's order; keys are stable."""
    return [
        {
            "name": model.name,
            "license": model.license,
            "commercial": model.commercial,
            "engine": model.engine,
            "bytes": model.bytes,
            "embedded": model.embedded,
            "pinned": model.pinned,
            "confidence": model.confidence,
            "role": model.role,
            "present": is_present(model, store),
        }
        for model in catalog.models
    ]


def is_present(model: Model, store: Store) -> bool:
    """Whether all its files are on this machine."""
    return all(store.find(file) is not None for file in model.files)
