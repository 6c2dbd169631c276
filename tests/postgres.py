"""A PostgreSQL server for tests: Debian's, in a folder of its own, on a loopback port, as a user that is not root."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from prefect_server import free_port


def found() -> Path | None:
    """The folder of PostgreSQL's programs; Debian keeps them out of PATH, one folder for each version."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


@contextlib.contextmanager
def running() -> Iterator[str]:
    """A server with an empty database `prefect`; yields what PREFECT_SERVER_DATABASE_CONNECTION_URL is set to."""
    programs, port = found(), free_port()
    assert programs is not None
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    folder = Path(tempfile.mkdtemp(prefix="saring-postgres-"))
    data, log = folder / "data", folder / "log"

    def program(name: str, *words: str | Path) -> None:
        as_user = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        command = [programs / name, *words]
        subprocess.run(command, check=True, capture_output=True, cwd=folder, **as_user)  # type: ignore[call-overload]

    try:
        if os.geteuid() == 0:
            shutil.chown(folder, user)
        program("initdb", "-D", data, "-U", "saring", "-A", "trust", "--no-sync")
        options = f"-h 127.0.0.1 -p {port} -k {folder} -c fsync=off"
        program("pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "start")
        try:
            program("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "saring", "prefect")
            yield f"postgresql+asyncpg://saring@127.0.0.1:{port}/prefect"
        finally:
            program("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
