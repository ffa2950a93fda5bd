"""The C programs, compiled on the spot, and one run of the load generator."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
BUILD = HERE.parent / ".setup" / "bench"


class Missing(Exception):
    """Something optional is not on this machine: what, and how to get it."""


def compile_all() -> bool:
    """Compile the load generator and the floor; whether the generator can speak TLS.

    Raises:
        Missing: without a C compiler.
    """
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise Missing("a C compiler (apt-get install gcc libc6-dev libssl-dev)")
    BUILD.mkdir(parents=True, exist_ok=True)
    flags = [compiler, "-O2", "-std=gnu11", "-Wall", "-Wextra"]
    load = [str(HERE / "load" / name) for name in ("load.c", "setting.c", "wire.c", "record.c")]
    subprocess.run([*flags, "-o", BUILD / "floor", HERE / "peers" / "floor.c"], check=True)
    with_tls = [*flags, "-DWITH_TLS", "-o", BUILD / "load", *load, "-lssl", "-lcrypto"]
    if subprocess.run(with_tls, stderr=subprocess.DEVNULL).returncode == 0:
        return True
    subprocess.run([*flags, "-o", BUILD / "load", *load], check=True)
    return False


def run_load(arguments: Sequence[str], seconds: float) -> dict[str, Any]:
    """Run the load generator for about `seconds`; what it printed.

    Raises:
        RuntimeError: where it failed.
    """
    command = [str(BUILD / "load"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 120)
    if done.returncode:
        raise RuntimeError(f"the load generator failed: {done.stderr.strip()[-500:]}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result
