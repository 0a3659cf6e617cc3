#!/usr/bin/env python3
"""Claude Code from npm against the gateway, as a developer runs it.

    python3 tests/external/claude-code/run.py [--gateway BINARY] [--work FOLDER] [case ..]

Without `--gateway` the gateway is built first; the client is installed under `--work` (beside this file). The gateway's
upstream is its own scripted Bedrock: `<<fake {..}>>` in a prompt says what the model answers.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import unittest
from decimal import Decimal
from pathlib import Path

sys.dont_write_bytecode = True

import claude  # noqa: E402
from gateway import Gateway  # noqa: E402
from recorder import Recorder  # noqa: E402

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]


def scripted(words, **script):
    """A prompt, and what the model shall answer to it, without the pauses of a human pace."""
    return f"{words} <<fake {json.dumps({'first_ms': 0, 'delay_ms': 0, **script})}>>"


def error_of(exchange):
    """The message of an error in Anthropic's own shape."""
    answer = json.loads(exchange.answer)
    assert answer["type"] == "error", answer
    return answer["error"]["message"]


class ClaudeCode(unittest.TestCase):
    gateway = None  # the process all cases share
    executable = None

    def setUp(self):
        self.user = f"dev-{self._testMethodName.removeprefix('test_').replace('_', '-')}"
        self.recorder = Recorder(self.gateway.port)
        self.addCleanup(self.recorder.stop)
        folder = tempfile.TemporaryDirectory(prefix="claude-code-", ignore_cleanup_errors=True)
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def client(self, key, suffix="", **options):
        return claude.Claude(self.executable, self.folder, self.recorder.url + suffix, key, **options)

    def one_turn(self, client, prompt, *options):
        """Asks, and expects exactly one request to have been sent for it: the text printed, and the exchange."""
        before = len(self.recorder.turns())
        code, printed = client.ask(prompt, *options)
        turns = self.recorder.turns()[before:]
        self.assertEqual(len(turns), 1, f"{turns}\n{printed}")
        return code, printed, turns[0]

    def test_a_plain_turn_prints_the_answer(self):
        client = self.client(self.gateway.developer(self.user))
        code, printed, turn = self.one_turn(client, scripted("Say it.", text="The gate is open.", deltas=5))
        self.assertEqual((code, printed.strip()), (0, "The gate is open."), turn)
        self.assertTrue(turn.json()["stream"])
        self.assertIn("text/event-stream", turn.headers["content-type"])

    def test_a_tool_loop_writes_a_file(self):
        client = self.client(self.gateway.developer(self.user), key_variable="ANTHROPIC_AUTH_TOKEN")
        wanted = client.folder / "hello.txt"
        write = {"name": "Write", "input": {"file_path": str(wanted), "content": "written by the model\n"}}
        prompt = scripted("Write hello.txt.", tools=[write], text="It is written.")
        code, printed = client.ask(prompt, "--permission-mode", "acceptEdits")
        turns = self.recorder.turns()
        self.assertEqual((code, printed.strip()), (0, "It is written."), turns)
        self.assertEqual(wanted.read_text(), "written by the model\n")
        self.assertEqual(len(turns), 2, "the call of the tool, and its result")
        results = [block["type"] for block in turns[1].json()["messages"][-1]["content"]]
        self.assertEqual(results, ["tool_result"])

    def test_a_conversation_is_continued(self):
        client = self.client(self.gateway.developer(self.user))
        first = scripted("Remember PLUM-42.", text="Remembered as number one.")
        code, printed, _ = self.one_turn(client, first)
        self.assertEqual((code, printed.strip()), (0, "Remembered as number one."))
        second = scripted("What was it?", text="It was a plum.")
        code, printed, turn = self.one_turn(client, second, "--continue")
        self.assertEqual((code, printed.strip()), (0, "It was a plum."))
        carried = json.dumps(turn.json()["messages"])
        self.assertIn("PLUM-42", carried)
        self.assertIn("Remembered as number one.", carried)

    def test_models_a_developer_switches_to(self):
        client = self.client(self.gateway.developer(self.user))
        for model in ["sonnet", "haiku", "claude-haiku-4-5", "claude-sonnet-4-5", "claude-opus-4-5"]:
            with self.subTest(model):
                code, printed, turn = self.one_turn(client, scripted("Hi.", text="Switched."), "--model", model)
                self.assertEqual((code, printed.strip()), (0, "Switched."), turn)

    def test_a_base_url_that_ends_in_v1(self):
        client = self.client(self.gateway.developer(self.user), suffix="/v1")
        code, printed, turn = self.one_turn(client, scripted("Say it.", text="Both paths lead here."))
        self.assertEqual((code, printed.strip()), (0, "Both paths lead here."), turn)
        self.assertTrue(turn.path.startswith("/v1/v1/messages"), turn.path)

    def test_counting_the_context_costs_nothing(self):
        client = self.client(self.gateway.developer(self.user, rpm_limit=1))
        code, printed = client.ask("/context")
        self.assertEqual(code, 0, printed)
        counts = [exchange for exchange in self.recorder.exchanges if exchange.is_count()]
        self.assertGreater(len(counts), 1)
        for exchange in counts:
            self.assertEqual(exchange.status, 200, exchange)
            self.assertGreater(json.loads(exchange.answer)["input_tokens"], 0)
        self.assertEqual(self.gateway.spent_by_user(self.user), 0)

    def test_a_spent_budget_is_one_request_and_says_so(self):
        budget = Decimal("0.80")
        client = self.client(self.gateway.developer(self.user, budget=float(budget)))
        prompt = scripted("Work.", text="Worked.", input_tokens=20_000, output_tokens=1_000)
        for turns in range(12):
            code, printed, turn = self.one_turn(client, prompt)
            if code != 0:
                break
            self.assertEqual(printed.strip(), "Worked.")
        self.assertGreater(turns, 0, f"the budget allows a first turn: {turn}")
        self.assertNotEqual(code, 0, "the budget never ended")
        self.assertEqual(turn.status, 429, turn)
        self.assertEqual(turn.headers["x-should-retry"], "false")
        self.assertGreater(int(turn.headers["retry-after"]), 0)
        self.assertIn("Budget exceeded", printed)
        self.assertIn(error_of(turn), printed, "the person reads the whole message")
        spent = self.gateway.spent_by_user(self.user)
        self.assertTrue(0 < spent <= budget, spent)

    def test_a_revoked_key_is_one_attempt(self):
        key = self.gateway.developer(self.user)
        client = self.client(key)
        self.assertEqual(self.one_turn(client, scripted("Hi.", text="Still valid."))[0], 0)
        self.gateway.admin("POST", "/key/delete", {"keys": [key]})
        code, printed, turn = self.one_turn(client, scripted("Hi.", text="This must not be said."))
        self.assertNotEqual(code, 0)
        self.assertEqual((turn.status, turn.headers["x-should-retry"]), (401, "false"), turn)
        self.assertIn("Failed to authenticate", printed)
        self.assertIn(error_of(turn), printed)

    def test_a_model_that_is_not_allowed_is_one_attempt(self):
        client = self.client(self.gateway.developer(self.user, models=["claude-haiku-4-5"]))
        code, printed, turn = self.one_turn(client, scripted("Hi.", text="This must not be said."))
        self.assertNotEqual(code, 0)
        self.assertEqual(turn.status, 403, turn)
        self.assertIn(error_of(turn), printed)

    def test_every_turn_is_on_the_books(self):
        client = self.client(self.gateway.developer(self.user))
        for tokens in [100, 2_000, 31]:
            prompt = scripted("Work.", text="Worked.", input_tokens=1_000, output_tokens=tokens)
            self.assertEqual(self.one_turn(client, prompt)[0], 0)
        rows = self.gateway.spend_logs(self.user)
        self.assertEqual(sorted(row["tokens"] for row in rows), [1_031, 1_100, 3_000])
        spent = sum(Decimal(row["spend"]) for row in rows)
        self.assertGreater(spent, 0)
        self.assertEqual(self.gateway.spent_by_user(self.user), spent)
        self.assertEqual(self.gateway.spent_by_key(self.user), spent)


def built_gateway():
    subprocess.run(["cargo", "build"], cwd=ROOT, check=True, stdin=subprocess.DEVNULL)
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "stargate"


def main():
    options = argparse.ArgumentParser(description="Claude Code from npm against the gateway")
    options.add_argument("--gateway", type=Path, help="the gateway's binary (default: built by cargo)")
    options.add_argument("--work", type=Path, default=HERE / "work", help="where the client is installed")
    options.add_argument("case", nargs="*", help="names of cases, such as test_a_tool_loop_writes_a_file")
    asked = options.parse_args()

    ClaudeCode.executable = claude.install(asked.work.resolve())
    binary = (asked.gateway or built_gateway()).resolve()
    names = asked.case or unittest.defaultTestLoader.getTestCaseNames(ClaudeCode)
    with tempfile.TemporaryDirectory(prefix="stargate-", ignore_cleanup_errors=True) as folder:
        ClaudeCode.gateway = Gateway(str(binary), folder)
        try:
            result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(
                unittest.TestSuite(ClaudeCode(name) for name in names)
            )
        finally:
            ClaudeCode.gateway.stop()
        if not result.wasSuccessful():
            print(f"the gateway's last words:\n{ClaudeCode.gateway.tail()}")
    failed = len({case.id().split(" ")[0] for case, _ in result.failures + result.errors})
    print(f"{result.testsRun - failed} passed, {failed} failed")
    return 0 if result.wasSuccessful() and result.testsRun else 1


if __name__ == "__main__":
    sys.exit(main())
