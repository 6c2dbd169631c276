"""Decide what is story and what is furniture: values in, values out."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {"clean": "cleaners.pipeline", "load_catalog": "cleaners.catalog"}

__all__ = ["clean", "load_catalog"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'cleaners' has no attribute {name!r}")
