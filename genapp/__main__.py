"""`python -m genapp`."""

import sys

from genapp.cli import main

if __name__ == "__main__":
    sys.exit(main())
