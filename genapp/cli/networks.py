"""The networks of a command."""

from genapp.cli.output import transfer_bar
from genapp.registry.engines import Engines
from genapp.registry.store import Store


def open_engines(device: str) -> Engines:
    """A pool of networks; where one has to be fetched first, a bar on stderr shows it."""
    return Engines(store=Store(transfers=transfer_bar), device=device)
