"""A client that runs in a process of its own, asked by lines of JSON (programs/rpc.py, programs/rpc.mjs)."""

import json
import os
import subprocess
import sys
from pathlib import Path

PROGRAMS = Path(__file__).resolve().parent / "programs"


class Program:
    """Starts the process; `renamed` has its own words for operations, where they are others."""

    def __init__(self, command, folder, environment=None, renamed=None):
        self.renamed = renamed or {}
        self.log = open(folder / "stderr.log", "ab")
        self.process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), **(environment or {})},
        )

    @classmethod
    def python(cls, program, packages, folder, **options):
        environment = {"PYTHONPATH": str(packages), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONNOUSERSITE": "1"}
        environment["AWS_CA_BUNDLE"] = str(folder / "certificate.pem")
        return cls([sys.executable, PROGRAMS / program], folder, environment, **options)

    @classmethod
    def node(cls, program, packages, name, folder):
        return cls(["node", PROGRAMS / program, packages, name], folder)

    def ask(self, op, **asked):
        line = {"op": self.renamed.get(op, op), "leave": False, **asked}
        self.process.stdin.write(f"{json.dumps(line)}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the client ended with {self.process.wait()}: {self.log.name}")
        return json.loads(answer)

    def stop(self):
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()
        self.log.close()
