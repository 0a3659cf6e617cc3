#!/usr/bin/env python3
"""`sam build`, as an installation begins: every function of the template is a program for arm64, and small.

    build.py --work FOLDER
"""

import argparse
import os
import subprocess
import sys
import zipfile
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(1, str(HERE.parent / "shared"))

from tools import installed, with_cargo_lambda  # noqa: E402

# Bytes of a package: a cold start reads all of it.
MAX_ZIPPED = {"Inference": 4_000_000, "Management": 5_000_000, "SelfManagement": 5_000_000, "BudgetReset": 3_000_000}
AARCH64 = 183  # ELF's number of the machine
# Management and SelfManagement are one program, which SAM builds once, into a folder named after either, with `-Shared`.
PROGRAMS = ({"Inference"}, {"Management", "SelfManagement"}, {"BudgetReset"})


def built(work):
    """The folder of what SAM has built."""
    with_cargo_lambda(work)
    sam = installed(work / "tools", "-r", HERE / "requirements" / "tools.txt") / "sam"
    subprocess.run(["rustup", "target", "add", "aarch64-unknown-linux-gnu"], check=True, stdin=subprocess.DEVNULL)
    settings = {"SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "us-east-1"}
    command = [sam, "build", "--build-dir", work / "build"]
    subprocess.run(command, cwd=ROOT, check=True, stdin=subprocess.DEVNULL, env={**os.environ, **settings})
    return work / "build"


def zipped(program, archive):
    """How large it is as Lambda is given it."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        file.write(program, "bootstrap")
    return archive.stat().st_size


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--work", type=Path, required=True)
    work = options.parse_args().work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    folder, failed = built(work), 0
    made = {path.parent.name.removesuffix("-Shared"): path for path in folder.glob("*/bootstrap")}
    if not all(made.keys() & program for program in PROGRAMS):
        print(f"FAILED   made {sorted(made)}")
        failed = 1
    for name, program in sorted(made.items()):
        with open(program, "rb") as file:
            machine = int.from_bytes(file.read(20)[18:], "little")
        size = zipped(program, work / f"{name}.zip")
        print(f"measured: {name}: bootstrap {program.stat().st_size / 1e6:.2f} MB, zipped {size / 1e6:.2f} MB")
        if machine != AARCH64 or size > MAX_ZIPPED[name]:
            print(f"FAILED   {name}: machine {machine}, {size} bytes zipped, of {MAX_ZIPPED[name]} at most")
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
