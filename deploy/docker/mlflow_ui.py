"""MLflow's web page out of MLflow's own package: a wheel, or an environment where it is installed."""
import pathlib
import re
import zipfile

from debian import Failure

FOLDER = "/usr/share/mlflow-ui"
LICENCES = "/usr/share/doc/mlflow-ui"
BUILD = re.compile(r"mlflow/server/js/build/(.+)")
LICENCE = re.compile(r"mlflow-(\d[^/]*)\.dist-info/(?:licenses/)?((?:LICENSE|NOTICE|THIRD)[^/]*)", re.IGNORECASE)
METADATA = re.compile(r"mlflow-(\d[^/]*)\.dist-info/METADATA")


class Page:
    """The built page as the files of an image, and the version of MLflow that it is of."""

    def __init__(self, version, files):
        self.version, self.files = version, files
        # a tag of an image takes no plus sign
        self.suffix = f"-mlflow{version}".replace("+", "-")

    @classmethod
    def of(cls, place):
        version, files = None, {}
        for name, read in entries(place):
            if found := METADATA.fullmatch(name):
                version = found[1]
            elif (found := BUILD.fullmatch(name)) and not name.endswith(".map"):
                files[f"{FOLDER}/{found[1]}"] = read()
            elif found := LICENCE.fullmatch(name):
                files[f"{LICENCES}/{found[2]}"] = read()
        if version is None or f"{FOLDER}/index.html" not in files:
            raise Failure(f"'{place}' holds no built web page of mlflow: name a wheel of `mlflow` (`pip download --no-deps mlflow`) or an environment "
                          "that it is installed in; `mlflow-skinny` has no page")
        return cls(version, files)


def entries(place):
    """The name of each file below `site-packages`, and what reads it."""
    if place.is_file():
        if not zipfile.is_zipfile(place):
            raise Failure(f"'{place}' is no wheel")
        wheel = zipfile.ZipFile(place)
        return [(name, lambda name=name: wheel.read(name)) for name in sorted(wheel.namelist()) if not name.endswith("/")]
    if not place.is_dir():
        raise Failure(f"'{place}' is not there")
    found = []
    for site in [place, *sorted(place.glob("lib/python3.*/site-packages"))]:
        for part in [site / "mlflow/server/js/build", *site.glob("mlflow-*.dist-info")]:
            found += [(file.relative_to(site).as_posix(), file.read_bytes) for file in sorted(pathlib.Path(part).rglob("*")) if file.is_file()]
    return found
