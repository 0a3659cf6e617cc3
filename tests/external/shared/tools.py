"""Programs from the package registry, each set in an environment of its own."""

import os
import subprocess
import venv
from pathlib import Path

EXTERNAL = Path(__file__).resolve().parents[1]


def installed(folder, *wanted):
    """The folder of programs of an environment in which pip has installed what is wanted, as pip is told it."""
    if not folder.exists():
        venv.create(folder, with_pip=True)
    programs = folder / "bin"
    pip = [programs / "python", "-m", "pip", "install", "-q", *wanted]
    subprocess.run(pip, check=True, stdin=subprocess.DEVNULL)
    return programs


def with_cargo_lambda(work):
    """Has this process and those that it starts find cargo-lambda, and the linker that it builds for arm64 with."""
    programs = installed(work / "cargo-lambda", "-r", EXTERNAL / "lambda" / "requirements.txt")
    os.environ["PATH"] = f"{programs}{os.pathsep}{os.environ['PATH']}"
