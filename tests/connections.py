"""Watch, with strace, to whom a program and all that it starts talk; for tests that hold that they talk to nobody."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

# How a program begins to talk (TCP, and UDP, which most connect too), sends without having begun, or lets others begin.
CALLS = "connect,sendto,sendmsg,sendmmsg,bind"
BEGUN = re.compile(r"\b(connect|bind)\(")
ADDRESS = re.compile(r'inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"')
HERE = re.compile(r"127\.|::1$|::ffff:127\.")
ANYWHERE = ("0.0.0.0", "::")  # to connect to it is to connect to this machine; to listen at it is to listen to all
NO_NETWORK = re.compile(r"sa_family=(AF_UNIX|AF_NETLINK|AF_UNSPEC)|, NULL, 0\)")


def watching(file: Path) -> list[str]:
    """The beginning of a command that is watched; `file` takes what it does, after what is there already.

    The watcher stands aside: signals and exit status are those of the command.
    """
    calls = f"trace={CALLS},execve"
    return ["strace", "-D", "-f", "--seccomp-bpf", "-qq", "-A", "-s", "64", "-e", calls, "-o", str(file)]


def can_watch(folder: Path) -> bool:
    """Whether there is an strace here that may trace."""
    try:
        return subprocess.run([*watching(folder / "trial"), "true"], capture_output=True).returncode == 0
    except OSError:
        return False


def started_in(file: Path) -> list[str]:
    """The programs that were started, as strace tells them."""
    return [line for line in _lines(file) if "execve(" in line and line.endswith("= 0")]


def begun_in(file: Path) -> list[str]:
    """The connections that were begun or awaited, to whomever."""
    return [line for line in _lines(file) if BEGUN.search(line)]


def elsewhere_in(file: Path) -> list[str]:
    """What was said to, or heard from, anything but this machine: lines of strace."""
    return [line for line in _lines(file) if _is_elsewhere(line)]


def _is_elsewhere(line: str) -> bool:
    addresses = [one or other for one, other in ADDRESS.findall(line)]
    listens = "bind(" in line and "sin_port=htons(0)" not in line and "sin6_port=htons(0)" not in line
    known = ANYWHERE if not listens else ()
    if addresses:
        return not all(HERE.match(one) or one in known for one in addresses)
    return bool(BEGUN.search(line)) and not NO_NETWORK.search(line)


def _lines(file: Path) -> list[str]:
    return file.read_text(errors="replace").splitlines()
