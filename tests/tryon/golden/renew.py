"""Draw the golden thumbnails anew, after a change of the look that is wanted:

python tests/tryon/golden/renew.py
"""

import sys
from pathlib import Path

from PIL import Image

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parents[2]))

from genapp.tryon import draw_thumbnail, frame_names, load_frame  # noqa: E402

SIZE = (64, 36)
"""Width and height, px."""

if __name__ == "__main__":
    for old in FOLDER.glob("*.png"):
        old.unlink()
    for name in frame_names():
        Image.fromarray(draw_thumbnail(load_frame(name), *SIZE)).save(FOLDER / f"{name}.png")
