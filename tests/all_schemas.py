"""The schema of every table of the package."""

import importlib
import pkgutil
from collections.abc import Iterator

from memorization import schemas, studies
from memorization.schemas.schema import Schema


def _tables(schema: type[Schema] = Schema) -> Iterator[type[Schema]]:
    for each in schema.__subclasses__():
        if "name" in vars(each) and each.__module__.startswith("memorization."):
            yield each
        yield from _tables(each)


for package in (schemas, studies):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)

TABLES = list(dict.fromkeys(_tables()))
