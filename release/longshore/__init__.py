"""The program `longshore`, which this package carries. It is no Python: nothing of this package is needed while it runs."""

import sys
import sysconfig
from pathlib import Path

__all__ = ["find_longshore_bin"]


def find_longshore_bin() -> str:
    """The path of the program that this package was installed with.

    Raises `FileNotFoundError` when it is in none of the folders that an installer puts programs in.
    """
    package = Path(__file__).resolve().parent
    folders = [
        Path(sysconfig.get_path("scripts")),
        # `pip install --user`
        Path(sysconfig.get_path("scripts", scheme="posix_user")),
        # `pip install --target FOLDER`
        package.parent / "bin",
        # `pip install --prefix FOLDER`: FOLDER/lib/python3.12/site-packages/longshore
        *(parent / "bin" for parent in package.parents[3:4]),
    ]
    for folder in folders:
        if (folder / "longshore").is_file():
            return str(folder / "longshore")
    looked = ", ".join(str(folder) for folder in folders)
    raise FileNotFoundError(f"the program `longshore` is in none of {looked}: run `{sys.executable} -m pip install --force-reinstall longshore`")
