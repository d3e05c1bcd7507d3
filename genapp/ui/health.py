"""`/health`: whether the app that answers can do its work."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

import genapp
from genapp.registry.engines import Engines


def route(engines: Engines) -> Route:
    """Answers 200, or 503 if embedded models are missing; in JSON what `report` says."""

    async def answer(_: Request) -> JSONResponse:
        said = report(engines)
        return JSONResponse(said, 200 if said["status"] == "ok" else 503)

    return Route("/health", answer)


def report(engines: Engines) -> dict[str, Any]:
    """Status ("ok" or "incomplete"), version, the models that are here, and the embedded ones that
    are not. Only looks for files: quick enough to be asked often."""
    here, missing = [], []
    for model in engines.catalog.models:
        if all(engines.store.find(file) for file in model.files):
            here.append(model.name)
        elif model.embedded:
            missing.append(model.name)
    return {
        "status": "incomplete" if missing else "ok",
        "version": genapp.__version__,
        "models": here,
        "missing": missing,
    }
