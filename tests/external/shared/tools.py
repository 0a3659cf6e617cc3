"""Programs from the package registry, each set in an environment of its own."""

import subprocess
import venv


def installed(folder, *wanted):
    """The folder of programs of an environment in which pip has installed what is wanted, as pip is told it."""
    if not folder.exists():
        venv.create(folder, with_pip=True)
    programs = folder / "bin"
    pip = [programs / "python", "-m", "pip", "install", "-q", *wanted]
    subprocess.run(pip, check=True, stdin=subprocess.DEVNULL)
    return programs
