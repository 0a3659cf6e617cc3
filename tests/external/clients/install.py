"""The clients, installed in the versions that packages/ and the package.json of Claude Code pin."""

import json
import subprocess
import sys
from pathlib import Path

import claude

PACKAGES = Path(__file__).resolve().parent / "packages"


def python(name, work):
    """A folder with a pinned Python package and what it needs; and its version."""
    wanted = (PACKAGES / f"{name}.txt").read_text()
    folder = work / name
    done = folder / "installed.txt"
    if not done.exists() or done.read_text() != wanted:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--target", str(folder)]
        _run([*pip, "--requirement", str(PACKAGES / f"{name}.txt")], work)
        done.write_text(wanted)
    return folder, wanted.strip().split("==")[1]


def node(work):
    """A folder with all pinned npm packages; and their versions by the names that they have there."""
    wanted = (PACKAGES / "package.json").read_text()
    folder = work / "node"
    done = folder / "installed.json"
    if not done.exists() or done.read_text() != wanted:
        folder.mkdir(exist_ok=True)
        (folder / "package.json").write_text(wanted)
        _run(["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"], folder)
        done.write_text(wanted)
    pinned = json.loads(wanted)["dependencies"]
    return folder, {name: package.rpartition("@")[2] for name, package in pinned.items()}


def _run(command, folder):
    subprocess.run(command, cwd=folder, check=True, timeout=600, stdin=subprocess.DEVNULL)
