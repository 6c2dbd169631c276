"""What all tests share: the repository's root, and the real articles beside it where they are at hand."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
SARING = str(Path(sys.executable).parent / "saring")  # the command as installed beside this Python

# A developer's own settings must not decide what the tests see.
for name in ("SARING_LAKE", "SARING_RULES", "SARING_RUNNER", "PREFECT_API_URL", "PREFECT_API_KEY"):
    os.environ.pop(name, None)

# What Hypothesis tries is the same every time and no test of it has a clock: a change is taken or not, never by chance.
# `--full` looks further, at random, with as much time as it takes.
UNTIMED = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow], "database": None}
settings.register_profile("always the same", derandomize=True, **UNTIMED)
settings.register_profile("at random", max_examples=1000, print_blob=True, **UNTIMED)


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("at random" if config.getoption("--full") else "always the same")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="the proofs of a lake's promises at full size: minutes each")


@pytest.fixture(scope="session")
def full(request: pytest.FixtureRequest) -> bool:
    """Whether proofs are to be made at full size: every pair of crashes, 100 kills, readers for minutes."""
    return bool(request.config.getoption("--full"))


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def saring() -> str:
    return SARING


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real articles and annotations; they belong to their outlets, so the project does not carry them."""
    folder = ROOT.parent / "shared"
    if not (folder / "gold").is_dir():
        pytest.skip("the real articles of ../shared are not on this machine")
    return folder
