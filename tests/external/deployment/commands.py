"""The commands that a deployment begins and ends with, run as they are told: against the gateway, with stand-ins for what is AWS's."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from gateway import MASTER_KEY
from samcli.cli.types import CfnParameterOverridesType

NEXT = ("Next1CreateUser", "Next2CreateKey", "Next3ClaudeCode")

# `aws` knows the secrets and the credentials that the commands ask for, and `claude` asks the gateway whose key it has.
AWS = f"""#!/bin/sh
case " $* " in
*" --secret-id MasterKey "*) echo {MASTER_KEY} ;;
*" --secret-id AdminSecret "*) echo of-the-admin ;;
*" export-credentials "*) echo export AWS_ACCESS_KEY_ID=AKIA AWS_SECRET_ACCESS_KEY=of-aws ;;
*) exit 9 ;;
esac
"""
# `aws` of a stack with a table and a secret, which is in one state until `sam delete` leaves it in another; what deletes is told.
AWS_WITH_A_STACK = """#!/bin/sh
case " $* " in
*" --query Stacks[0].StackId "*) echo arn:of-the-stack ;;
*" --query Stacks[0].StackStatus "*) cat "$HOME/status" ;;
*" --query StackResourceDetail.PhysicalResourceId "*) echo the-table ;;
*" describe-stack-resources "*) echo the-table arn:of-a-secret ;;
*" delete-"*) echo "$2" ;;
esac
"""
SAM = """#!/bin/sh
if [ "$1" = delete ]; then echo {left} >"$HOME/status"; fi
"""
CLAUDE = """#!/bin/sh
curl --silent --fail "$ANTHROPIC_BASE_URL/v1/me" --header "Authorization: Bearer $ANTHROPIC_AUTH_TOKEN"
"""
# In IAM mode there is no API Gateway here to check a signature: this tells what would be signed.
CURL = """#!/bin/sh
cat >&2
echo "$*" >&2
printf '{}\\n200'
"""


def failures(template, root, work, gateway):
    """What does not work of docs/INSTALL.md and of the outputs' commands, in either mode, or stands otherwise there."""
    install = (root / "docs" / "INSTALL.md").read_text()
    yield from _parameters(template, install)
    yield from _deployment(root, work, install)
    yield from _deletions(root, work, install)
    tell = lambda mode: [template.text(template.whole["Outputs"][name]["Value"], AdminAuth=mode) for name in NEXT]
    here = f"http://127.0.0.1:{gateway.port}"
    at_home = lambda told: re.sub(r"https://(AdminApi[^/ ]*/live|Distribution\.DomainName)", here, told)
    user, key, client = map(at_home, tell("master-key"))
    done = _run(root, work, f"{user} && {key}", aws=AWS)
    made = re.search(r'"key": ?"(sk-[^"]+)"', done.stdout)
    if done.returncode or not made:
        yield f"commands: {user} && {key}: {done.stdout}{done.stderr}"
        return
    done = _run(root, work, client.replace("sk-...", made[1]), claude=CLAUDE)
    if done.returncode or "you@company.com" not in done.stdout:
        yield f"commands: {client}: {done.stdout}{done.stderr}"
    trial = _block(install, "Does it work?")
    done = _run(root, work, trial.replace("<PublicUrl>", here).replace("sk-...", made[1]))
    for wanted in ("you@company.com", "event: message_stop", '"spend_logs":[{'):
        if done.returncode or wanted not in done.stdout:
            yield f"commands: {trial}: no {wanted} in {done.stdout}{done.stderr}"
    user, key, _ = tell("iam")
    done = _run(root, work, f"{user} && {key}", aws=AWS, curl=CURL)
    admin = "https://AdminApi.execute-api.eu-west-1.amazonaws.com/live"
    for wanted in ("aws:amz:eu-west-1:execute-api", "AKIA:of-aws", f"{admin}/user/new", f"{admin}/key/generate"):
        if done.returncode or wanted not in done.stderr:
            yield f"commands: {user} && {key}: no {wanted} in {done.stderr}"
    for command in (user.split(" && ")[-1], key, client.split(" ", 1)[1]):
        if command not in install:
            yield f"commands: docs/INSTALL.md does not have {command!r}"


def _parameters(template, install):
    """Parameters that docs/INSTALL.md does not name or whose defaults it has otherwise, and in its commands what is no parameter."""
    known = template.whole["Parameters"]
    for name in known:
        if f"`{name}`" not in install:
            yield f"commands: docs/INSTALL.md does not name the parameter {name}"
    for names, told in re.findall(r"^\| (`[\w`, ]+`) \| ([^|]*)\|", install, re.MULTILINE):
        defaults = [str(known[name].get("Default")) for name in re.findall(r"`(\w+)`", names) if name in known]
        values = [word or number for word, number in re.findall(r"`([\w-]+)`|(\d+)", told)]
        # A default may be told in words, but one that there is may not be left out.
        if defaults and values != defaults and (values or (any(defaults) and not told.strip())):
            yield f"commands: docs/INSTALL.md says that {names} are {told}, and the template {defaults}"
    for command in re.findall(r'^sam deploy --stack-name "\$STACK" --parameter-overrides (.*)$', install, re.MULTILINE):
        given = CfnParameterOverridesType().convert(tuple(shlex.split(command)), None, None)
        for name in given.keys() - known.keys() or ([] if given else [command]):
            yield f"commands: docs/INSTALL.md sets {name}, which is no parameter"


def _deployment(root, work, install):
    """What `sam deploy`, as docs/INSTALL.md has it, says or asks before it wants credentials."""
    here = work / "checkout"
    built = here / ".aws-sam" / "build"
    built.mkdir(parents=True, exist_ok=True)
    shutil.copy(root / "samconfig.toml", here)
    shutil.copy(root / "infra" / "template.yaml", built)
    command = _block(install, "Install").replace("sam build", "").strip()
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(here),
        "AWS_DEFAULT_REGION": "eu-central-1",
        "STACK": "stargate",
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAM_CLI_TELEMETRY": "0",
    }
    shell = ["bash", "-c", command]
    done = subprocess.run(shell, cwd=here, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    if "Unable to locate credentials" not in done.stderr or "?" in done.stdout:
        yield f"commands: {command}: {done.stdout}{done.stderr}"


def _deletions(root, work, install):
    """Whether what deletes the table and the secrets does so once the stack is gone, and only then."""
    failed, whole = _block(install, "Install", 2), _block(install, "Uninstall", 1)
    for command, before, left, wanted in (
        (failed, "ROLLBACK_COMPLETE", "DELETE_COMPLETE", ["delete-table"]),
        (failed, "ROLLBACK_COMPLETE", "ROLLBACK_COMPLETE", []),
        (failed, "UPDATE_ROLLBACK_COMPLETE", "DELETE_COMPLETE", []),
        (whole, "CREATE_COMPLETE", "DELETE_COMPLETE", ["delete-table", "delete-secret"]),
        (whole, "CREATE_COMPLETE", "DELETE_FAILED", []),
    ):
        (work / "status").write_text(before)
        done = _run(root, work, f"export STACK=stargate\n{command}", aws=AWS_WITH_A_STACK, sam=SAM.format(left=left))
        if done.stdout.split() != wanted:
            yield f"commands: {before} to {left}: {command}: {done.stdout}{done.stderr}"


def _block(install, section, at=0):
    """A block of commands of a section."""
    return install.split(f"\n## {section}\n")[1].split("```bash\n")[1 + at].split("```")[0].strip()


def _run(root, work, command, **programs):
    """What a shell makes of a command in the project's folder, with some programs instead of the machine's."""
    folder = work / "-".join(["programs", *sorted(programs)])
    folder.mkdir(exist_ok=True)
    for name, text in programs.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", "HOME": str(work)}
    return subprocess.run(["bash", "-c", command], cwd=root, env=environment, capture_output=True, text=True, timeout=60)
