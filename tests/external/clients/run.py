#!/usr/bin/env python3
"""Real clients against the gateway, feature by feature, on models of every family: docs/CLIENTS.md is what comes of it.

    run.py --gateway target/debug/stargate --work FOLDER [--write | --check | --watched] [--only TEXT ..]

The clients are installed under FOLDER, in the versions that packages/ pins. `--only` tries the cells whose names have
these texts in them, such as `--only curl Nova image`.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(1, str(HERE.parent / "shared"))

import claude_code  # noqa: E402
import clients  # noqa: E402
import base_urls  # noqa: E402
import features  # noqa: E402
import table  # noqa: E402
from bench import Bench  # noqa: E402
from matrix_cell import Cell  # noqa: E402
from gateway import Gateway  # noqa: E402
from recorder import Recorder  # noqa: E402
from tls import certificate  # noqa: E402
from tools import with_cargo_lambda  # noqa: E402
from watch import Watched  # noqa: E402

DOCUMENT = HERE.parents[2] / "docs" / "CLIENTS.md"
WORKERS = 5  # some cells wait for a client's own pauses
PROCESSES = 4  # of each function under `cargo lambda watch`


def tried(feature, cell):
    """A cell's verdict, and the reason if it is a failure."""
    try:
        return feature(cell) or "ok", None
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        reason = str(error) if isinstance(error, AssertionError) else f"{type(error).__name__}: {error}"
        return "FAILED", f"{reason} [{where.name}:{where.lineno}; asked: {cell.requests()[-3:]}]"


def try_all(names, rows, only):
    """Tries `rows`: (family, title, feature, how a cell is made). The verdicts by family and title."""
    verdicts = {}
    for family, title, feature, made in rows:
        name = f"{names} | {family} | {title}"
        if all(part in name for part in only):
            verdict, reason = tried(feature, made())
            verdicts[family, title] = verdict
            print(f"{verdict:8} {name}" + (f"\n         {reason}" if reason else ""))
    return verdicts


def try_client(bench, client, folder, only):
    """All cells of one client, one after another."""
    folder.mkdir()
    recorder = Recorder(bench.gateway.port, certificate(folder) if "tls" in client.can else None)
    program = client.start(folder)
    cells = [(family, *feature) for family in bench.families for feature in features.ROWS.items()]
    cells += [(bench.families[0], *feature) for feature in base_urls.ROWS.items()]
    try:
        return try_all(
            client.name,
            [
                (family.name, title, feature, lambda family=family: Cell(bench, client, program, recorder, family))
                for family, title, feature in cells
            ],
            only,
        )
    finally:
        program.stop()
        recorder.stop()


def try_claude_code(bench, mode, folder, only):
    """All cells of Claude Code in one mode."""
    folder.mkdir()
    recorder = Recorder(bench.gateway.port, drains=isinstance(bench.gateway, Watched))
    try:
        return try_all(
            mode.name,
            [
                (family.name, title, row, lambda f=family: claude_code.Session(bench, mode, folder, recorder, f))
                for family, title, row in claude_code.cells(bench.families)
            ],
            only,
        )
    finally:
        recorder.stop()


def matrix(start, work, only, every):
    """Tries everything, then compares the log; the document, and the number of cells and of failures."""
    modes = list(claude_code.modes(work))
    with tempfile.TemporaryDirectory(prefix="clients-", ignore_cleanup_errors=True) as folder:
        started = start(folder)
        try:
            bench = Bench(started)
            folders = (Path(folder) / f"client-{number}" for number in range(len(modes) + len(every)))
            with ThreadPoolExecutor(WORKERS) as pool:
                # Claude Code first: it takes longest.
                of_modes = [pool.submit(try_claude_code, bench, mode, next(folders), only) for mode in modes]
                of_every = [pool.submit(try_client, bench, client, next(folders), only) for client in every]
            by_mode = [(mode, future.result()) for mode, future in zip(modes, of_modes)]
            by_client = [(client, future.result()) for client, future in zip(every, of_every)]
            wrong = bench.wrong_books()
            for cell, rows in wrong:
                sent = [request for request in cell.requests() if cell.word.encode() in request.body]
                was = f"which was charged {cell.charged} and is now {cell.spent()}"
                print(f"FAILED   {cell.client.name} | {cell.family.name} | {cell.word}, {was}")
                print(f"         the log says {rows}; asked: {sent}")
        finally:
            started.stop()
    verdicts = [verdict for _, of_one in [*by_mode, *by_client] for verdict in of_one.values()]
    document = None if only or not every else table.document(bench, by_client, by_mode)
    return document, len(verdicts), verdicts.count("FAILED") + len(wrong)


def built():
    """The gateway, where none is given."""
    subprocess.run(["cargo", "build"], cwd=HERE.parents[2], check=True, stdin=subprocess.DEVNULL)
    return Path(os.environ.get("CARGO_TARGET_DIR", HERE.parents[2] / "target")) / "debug" / "stargate"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--gateway", type=Path, help="its binary (default: built by cargo)")
    options.add_argument("--work", type=Path, default=HERE / "work", help="where the clients are installed")
    options.add_argument("--write", action="store_true", help="write docs/CLIENTS.md")
    options.add_argument("--check", action="store_true", help="fail if docs/CLIENTS.md says otherwise")
    options.add_argument("--watched", action="store_true", help="Claude Code alone, through `cargo lambda watch`")
    options.add_argument("--only", nargs="*", default=[], help="texts that are in the names of the cells to try")
    asked = options.parse_args()
    if (asked.only or asked.watched) and (asked.write or asked.check):
        options.error("the document is of all cells")
    sys.stdout.reconfigure(line_buffering=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    work = asked.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    binary = str((asked.gateway or built()).resolve())
    if asked.watched:
        with_cargo_lambda(work)
        document, cells, failed = matrix(lambda folder: Watched(binary, folder, PROCESSES), work, asked.only, [])
    else:
        document, cells, failed = matrix(lambda folder: Gateway(binary, folder), work, asked.only, clients.installed(work))
    if asked.write:
        DOCUMENT.write_text(document)
    is_other = asked.check and (not DOCUMENT.exists() or DOCUMENT.read_text() != document)
    if is_other:
        print(f"docs/CLIENTS.md says otherwise: run this with --write\n{document}")
    through = " through cargo lambda watch" if asked.watched else ""
    print(f"measured: {cells} cells of real clients{through}, {failed} failed")
    return 1 if failed or is_other or not cells else 0


if __name__ == "__main__":
    sys.exit(main())
