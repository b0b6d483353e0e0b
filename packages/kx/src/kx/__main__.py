"""`python -m kx`: the `kx` command."""

import sys

from kx.command import main

if __name__ == "__main__":
    sys.exit(main())
