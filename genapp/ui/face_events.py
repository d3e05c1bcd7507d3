"""What the panels of the Faces tab share."""

from collections.abc import Callable
from typing import TypeAlias

from gradio.events import Dependency

Follow: TypeAlias = Callable[[Dependency], None]
"""Shows the chosen face after an event."""
KEPT = "Your faces and settings are still here."
"""After a click on Cancel."""
