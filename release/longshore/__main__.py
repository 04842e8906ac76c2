"""`python -m longshore` is `longshore`."""

import os
import sys

from longshore import find_longshore_bin

if __name__ == "__main__":
    try:
        program = find_longshore_bin()
    except FileNotFoundError as error:
        sys.exit(f"error: {error}")
    # the program takes the place of Python, so signals and exit codes are its own
    os.execv(program, [program, *sys.argv[1:]])
