"""The real Claude Code, headless and on its own: no settings, no login and no environment of this machine."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import time
from pathlib import Path

PACKAGE = "@anthropic-ai/claude-code"
ESCAPES = rb"\x1b\[[0-9;?>]*[a-zA-Z]"  # colors and cursor moves
PINNED = Path(__file__).resolve().parent / "packages" / "claude-code.json"


def versions():
    """The pinned ones: on Node 20 an open range would quietly install an older line."""
    return json.loads(PINNED.read_text())[PACKAGE]


def install(version, folder):
    """Installs that version under `folder` unless it is there, and returns its executable."""
    folder.mkdir(parents=True, exist_ok=True)
    executable = folder / "node_modules" / ".bin" / "claude"
    if not executable.exists() or _version(executable, folder) != version:
        wanted = {"private": True, "dependencies": {PACKAGE: version}, "allowScripts": {PACKAGE: True}}
        (folder / "package.json").write_text(json.dumps(wanted))
        npm = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(npm, cwd=folder, check=True, timeout=600, stdin=subprocess.DEVNULL)
    found = _version(executable, folder)
    if found != version:
        raise RuntimeError(f"Claude Code {version} is pinned, but npm installed {found!r}")
    return executable


def _version(executable, home):
    command = [str(executable), "--version"]
    done = subprocess.run(command, env=_isolated(home), capture_output=True, text=True, timeout=60)
    return done.stdout.split(" ")[0].strip()


def _isolated(home):
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "TERM": "dumb",
        "TMPDIR": str(home),
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_ERROR_REPORTING": "1",
        "DISABLE_TELEMETRY": "1",
    }


class Claude:
    """One developer's client: a home and a working folder of its own, kept from turn to turn."""

    def __init__(self, executable, folder, environment):
        self.executable = executable
        self.folder = Path(folder) / "project"
        self.home = Path(folder) / "home"
        self.folder.mkdir(parents=True)
        self.home.mkdir()
        self.environment = {**_isolated(self.home), **environment}

    def ask(self, prompt, *options, seconds=90):
        """`claude -p prompt`: its exit code and what it printed as the answer.

        Its stderr is kept apart: warnings there depend on the date ("will be retired on ..").
        A refusal that the client retries would go on for three minutes: the time limit makes it a failure.
        """
        command = [str(self.executable), "-p", prompt, *options]
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            printed, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            printed, warned = process.communicate()
            raise AssertionError(f"no end after {seconds} s of: {prompt}\n{printed}{warned}") from None
        return process.returncode, printed

    def show(self, prompt, *options, until, seconds=60):
        """`claude prompt` in a terminal: what it wrote there by the time that `until` was satisfied with it."""
        told = {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True}
        settings = {"hasCompletedOnboarding": True, "theme": "dark", "projects": {str(self.folder): told}}
        (self.home / ".claude.json").write_text(json.dumps(settings))
        # Titles are traffic that it can do without.
        environment = {**self.environment, "TERM": "xterm-256color", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": ""}
        master, terminal = pty.openpty()
        process = subprocess.Popen(
            [str(self.executable), *options, prompt],
            cwd=self.folder,
            env=environment,
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
        )
        os.close(terminal)
        written, end = b"", time.monotonic() + seconds
        try:
            while not until(written):
                if time.monotonic() > end:
                    raise AssertionError(f"not within {seconds} s: {re.sub(ESCAPES, b' ', written)[-1000:].decode(errors='replace')}")
                if select.select([master], [], [], 0.1)[0]:
                    written += os.read(master, 1 << 16)
            return written
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            os.close(master)
