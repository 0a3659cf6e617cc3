#!/usr/bin/env python3
"""Every command of documents 000, 001, 002 and 004 against a real gateway, and its answer against what they print.

run.py --gateway target/debug/stargate --work FOLDER [DOCUMENT ..]

A command stands in `<document>.sh`, what the document prints for it in `<document>.json`, its check in
`document_<document>.py`. Every document has a fresh gateway, and its commands are replayed in their order.
"""

import argparse
import os
import pathlib
import shutil
import signal
import sys
import tempfile

sys.dont_write_bytecode = True

import document_000  # noqa: E402
import document_001  # noqa: E402
import document_004  # noqa: E402
import errors_000  # noqa: E402
from replay import HERE, MASTER_KEY, SCRIPTS, Document, Gateway, GuardedGateway  # noqa: E402

ADMIN_SECRET = "the admin secret of the external suite"
DOCUMENTS = {
    "000": (document_000.COMMANDS, errors_000.ERRORS),
    "001": (document_001.COMMANDS, []),
    "002": (document_001.COMMANDS, []),
    "004": (document_004.COMMANDS, []),
}


def started(name, binary, folder):
    """A document's gateway: only 000 knows of a second secret."""
    return GuardedGateway(binary, str(folder), ADMIN_SECRET) if name == "000" else Gateway(binary, str(folder))


def opened(name, gateway, folder):
    """A document, with the variables that its lines are written with."""
    url = f"http://127.0.0.1:{gateway.port}"
    if name == "000":
        secrets = {"MASTER_KEY": MASTER_KEY, "ADMIN_SECRET": ADMIN_SECRET}
        of_scripts = {"LITELLM_MASTER_KEY": MASTER_KEY, "ADMIN_HEADER_SECRET": ADMIN_SECRET}
        copy_scripts(url, folder)
        return Document(name, gateway, folder, folder, GATEWAY_URL=url, **secrets, **of_scripts)
    if name == "004":
        return Document(name, gateway, folder, folder, PROXY_BASE_URL=url, PROXY_MASTER_KEY=MASTER_KEY)
    return Document(name, gateway, folder, SCRIPTS, LITELLM_URL=url, LITELLM_MASTER_KEY=MASTER_KEY)


def copy_scripts(url, folder):
    """The two scripts of document 000, as they stand there but for the example's address."""
    for script in ["create-user.sh", "usage-report.sh"]:
        copy = folder / script
        copy.write_text((HERE.parent / "scripts" / script).read_text().replace("https://sandbox.cloudfront.net", url))
        copy.chmod(0o755)


def passes(document, name, check):
    """Whether a check holds; if not, what was asked and answered is printed with what was wanted."""
    document.transcript.clear()
    try:
        check()
    except Exception as error:
        wanted = f"wanted: {error}" if isinstance(error, AssertionError) else f"broke: {error!r}"
        print(f"FAILED  {document.name} {name}\n{indented(wanted)}")
        print(indented("\n".join(clipped(text) for text in document.transcript[-3:])))
        return False
    print(f"ok      {document.name} {name}")
    return True


def clipped(text):
    return text if len(text) < 2_500 else f"{text[:2_500]} ..."


def indented(text):
    return "\n".join(f"        {line}" for line in text.splitlines())


def replay(document, checks, besides):
    """Replays a document; the number of its commands that were, and of checks that failed."""
    failed = 0
    for name in {**document.commands, **checks}:
        if name not in document.commands or name not in checks:
            missing = "check" if name in document.commands else "command"
            print(f"FAILED  {document.name} {name}: there is no {missing} of that name")
            failed += 1
            continue
        document.replayed.discard(name)
        failed += not passes(document, name, lambda: replayed_by(document, name, checks[name]))
    for check in besides:
        failed += not passes(document, check.__name__, lambda: check(document))
    for note in document.notes:
        print(f"note    {document.name} {note}")
    return len(document.replayed), failed


def replayed_by(document, name, check):
    check(document, name)
    assert name in document.replayed, "the check to replay its command"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--gateway", required=True)
    options.add_argument("--work", required=True, type=pathlib.Path)
    options.add_argument("document", nargs="*", help="such as 000; all of them by default")
    asked = options.parse_args()
    assert shutil.which("curl") and shutil.which("jq"), "curl and jq are needed"
    sys.stdout.reconfigure(line_buffering=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    asked.work.mkdir(parents=True, exist_ok=True)
    replayed = failed = 0
    for name in asked.document or DOCUMENTS:
        folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{name}-", dir=asked.work.resolve()))
        gateway = started(name, os.path.abspath(asked.gateway), folder)
        try:
            counts = replay(opened(name, gateway, folder), *DOCUMENTS[name])
        finally:
            gateway.stop()
        replayed, failed = replayed + counts[0], failed + counts[1]
    if failed:
        print(f"{failed} checks failed")
    print(f"measured: {replayed} commands of the documents replayed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
