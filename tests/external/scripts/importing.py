"""`stargate import` as an administrator runs it: what a dry run leaves behind, and what a failure says."""

import hashlib
import json
import pathlib
import signal
import subprocess

from gateway import Gateway

TABLES = ["BudgetTable", "OrganizationTable", "UserTable", "TeamTable", "TeamMembership", "VerificationToken"]


def files(folder):
    """Every file below a folder, by its contents, and every folder."""
    found = {}
    for path in sorted(pathlib.Path(folder).rglob("*")):
        found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
    return found


class PersistentGateway(Gateway):
    """A gateway that keeps its table in a folder."""

    def __init__(self, binary, folder, data):
        wrapper = pathlib.Path(folder) / "persistent"
        wrapper.write_text(f'#!/bin/sh\nshift\nexec {binary} --data-dir {data} "$@"\n')
        wrapper.chmod(0o755)
        super().__init__(str(wrapper), folder)


class Imports:
    """Tests of the suite; see run.py."""

    def export(self, name, **tables):
        folder = self.work / name
        folder.mkdir()
        for table in TABLES:
            (folder / f"LiteLLM_{table}.json").write_text(json.dumps(tables.get(table, [])))
        return folder

    def stargate(self, *arguments, status=0, **environment):
        ended = subprocess.run(
            [self.binary, "import", *map(str, arguments)], cwd=self.work, env={"HOME": str(self.work), **environment},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert ended.returncode == status, (arguments, ended)
        return ended

    def test_a_dry_run_writes_nothing_and_reads_what_is_there(self):
        users = [{"user_id": "mario", "max_budget": 5}, {"user_id": "boss", "user_role": "proxy_admin"}]
        export = self.export("dry", UserTable=users)
        data = self.work / "data"
        before = files(self.work)
        for options in [[], ["--in-memory"], ["--data-dir", data], ["--partial"]]:
            shown = self.stargate("--from", export, "--dry-run", *options).stdout
            assert "users                 2        0 " in shown and "administrators: boss (proxy_admin)\n" in shown, shown
            assert files(self.work) == before, options
        gateway = PersistentGateway(self.binary, str(self.work), data)
        try:
            gateway.admin("POST", "/user/new", {"user_id": "mario", "max_budget": 5})
            # Beside a running gateway, after one that was killed, and after one that ended.
            for ended in [None, signal.SIGKILL, signal.SIGTERM]:
                if ended:
                    gateway.process.send_signal(ended)
                    gateway.process.wait(30)
                before = files(data)
                shown = self.stargate("--from", export, "--dry-run", "--data-dir", data).stdout
                assert "users                 1        1 " in shown, (ended, shown)
                assert files(data) == before, ended
                if ended == signal.SIGKILL:
                    gateway = PersistentGateway(self.binary, str(self.work), data)
        finally:
            gateway.stop()
        self.stargate("--from", export, "--data-dir", data)
        assert "users                 0        2 " in self.stargate("--from", export, "--data-dir", data, "--dry-run").stdout

    def test_a_dry_run_makes_no_table_at_another_endpoint(self):
        export = self.export("elsewhere", UserTable=[{"user_id": "luigi"}])
        log = pathlib.Path(self.gateway.log).read_text()
        endpoint = log.split("DynamoDB is embedded in this process, at ")[1].split()[0].rstrip(".")
        environment = {
            "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_REGION": "us-east-1", "STARGATE_TABLE": "not-there",
        }  # fmt: skip
        for _ in range(2):
            shown = self.stargate("--from", export, "--dry-run", "--dynamodb", endpoint, **environment).stdout
            assert "users                 1        0 " in shown, shown
        on_aws = {**environment, "AWS_ENDPOINT_URL_DYNAMODB": endpoint}
        for options in [["--dry-run"], []]:
            ended = self.stargate("--from", export, "--aws", *options, status=1, **on_aws)
            assert "stargate: there is no table not-there: STARGATE_TABLE must be the deployment's output Table\n" in ended.stderr, ended
        # The table of the gateway that runs here is read, and is left as it is.
        there = {**on_aws, "STARGATE_TABLE": "stargate"}
        self.gateway.admin("POST", "/user/new", {"user_id": "luigi", "max_budget": 3})
        for options in [["--aws"], ["--dynamodb", endpoint]]:
            shown = self.stargate("--from", export, "--dry-run", *options, **there).stdout
            assert "users                 0        1 " in shown, shown

    def test_a_failure_is_one_readable_line(self):
        broken = self.export("broken-json")
        (broken / "LiteLLM_UserTable.json").write_text("{broken")
        good = self.export("good")
        skipped = self.export("skipped", UserTable=[{"user_id": "a", "tpd_limit": 5}])
        file = self.work / "file"
        file.write_text("x")
        before = files(self.work)
        for options in [[], ["--partial"], ["--dry-run"], ["--partial", "--dry-run"]]:
            for folder, text in [("typo", "there is no such folder"), (file, "it is a file"), (self.work / "scripts-home", "none of")]:
                (self.work / "scripts-home").mkdir(exist_ok=True)
                ended = self.stargate("--from", folder, *options, status=1)
                assert ended.stderr == ended.stderr.splitlines()[-1] + "\n" and text in ended.stderr, ended
                assert ended.stderr.startswith(f"stargate: --from {folder}: ") and not ended.stdout, ended
        (self.work / "scripts-home").rmdir()
        assert files(self.work) == before, "nothing is made for an export that cannot be read"
        for arguments, text in [
            (["--from", broken], "stargate: LiteLLM_UserTable.json: not JSON: key must be a string at line 1 column 2\n"),
            (["--from", good, "--in-memory"], "stargate: import --in-memory would keep nothing: leave it out, or add --dry-run\n"),
            (["--from", good, "--data-dir", file / "x"], f"stargate: --data-dir {file}/x: Not a directory"),
            (["--from", skipped, "--dry-run"], "stargate: some rows were skipped, or are here without their limits: see above\n"),
        ]:
            ended = self.stargate(*arguments, status=1)
            assert text in ended.stderr and ended.stderr.count("\n") == 1, ended
        refused = self.stargate("--from", good, STARGATE_CREATE_MISSING_USERS="no", status=1).stderr
        assert refused == 'stargate: STARGATE_CREATE_MISSING_USERS must be allow or deny, not "no"\n', refused
        aws = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y", "AWS_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "1"}
        ended = self.stargate("--from", good, "--dry-run", "--dynamodb", "http://127.0.0.1:1", status=1, **aws)
        last = ended.stderr.splitlines()[-1]
        assert last.startswith("stargate: the store did not answer") and "Connection refused" in last and "{" not in last, ended

    def test_the_setting_denies_users_whom_no_row_has(self):
        export = self.export("ghosts", VerificationToken=[{"token": "9" * 64, "user_id": "ghost"}])
        ended = self.stargate("--from", export, "--dry-run", status=1, STARGATE_CREATE_MISSING_USERS="deny")
        assert "user ghost: skipped: no row has it" in ended.stdout, ended
        assert "users made without limits: ghost\n" in self.stargate("--from", export, "--dry-run").stdout
