#!/usr/bin/env python3
"""The deployment, as far as it can be tried without an account: linters, the edge, the template beside the code, and its commands.

    run.py --gateway target/debug/stargate --work FOLDER

The gateway says what routes there are (its OpenAPI document), and makes the table. Tools of requirements/ are installed
under the folder.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(1, str(HERE.parent / "shared"))

from tools import installed  # noqa: E402

TEMPLATE = ROOT / "infra" / "template.yaml"


def tools_of(work, name):
    """The programs of requirements/, installed."""
    return installed(work / name, "-r", HERE / "requirements" / f"{name}.txt")


def failures(gateway, work):
    """Everything that is wrong, and how much was looked at."""
    import commands
    import compare
    import edge
    import admin_policy
    import lint
    import metrics
    from gateway import Gateway
    from template import Template

    template = Template(TEMPLATE)
    yield from lint.failures(TEMPLATE, work, tools_of(work, "checkov") / "checkov")
    yield from edge.failures(template)
    yield from admin_policy.failures(template)
    yield from compare.settings(template, (ROOT / "shared" / "src" / "runtime" / "config.rs").read_text())
    yield from metrics.failures(template, ROOT)
    if subprocess.run([sys.executable, HERE / "cost.py", "--check", ROOT / "docs" / "COST.md"]).returncode:
        yield "docs/COST.md"
    started = Gateway(str(gateway), str(work))
    try:
        greeting = Path(started.log).read_text()
        table = re.search(r"DynamoDB is embedded in this process, at (\S+?)[,.]?\s", greeting)[1]
        document = started.admin("GET", "/openapi.json")
        yield from compare.table(template, table, "stargate")
        yield from compare.routes(template, document)
        yield from commands.failures(template, ROOT, work, started)
    finally:
        started.stop()
    operations = sum(len(item) for item in document["paths"].values())
    print(f"measured: {edge.count()} requests at the edge, {operations} routes beside the template")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--gateway", type=Path, required=True)
    options.add_argument("--work", type=Path, required=True)
    asked = options.parse_args()
    work = asked.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    if Path(sys.prefix) != work / "tools":
        # SAM's own packages read its templates.
        python = tools_of(work, "tools") / "python"
        os.execv(python, [python, __file__, "--gateway", asked.gateway.resolve(), "--work", work])
    found = list(failures(asked.gateway.resolve(), work))
    for failure in found:
        print(f"FAILED   {failure}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
