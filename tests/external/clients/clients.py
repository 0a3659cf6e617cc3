"""The clients that are tried: what each is, what it speaks, and how it is started."""

from dataclasses import dataclass, field
from types import ModuleType

import install
from curl import Curl
from formats import chat, converse, messages, native
from program import Program

MESSAGES, CHAT, BEDROCK = "Anthropic's Messages", "OpenAI's chat completions", "Bedrock's own API"


@dataclass(frozen=True)
class Client:
    """`start` makes it in a folder; `suffix` is what its base URL ends in; `can` is what it has besides.

    It can `count` tokens, list `models`, `parse` answers, send the key in other `headers` and in `both`, take a base URL
    with or without its `prefix`; `tls`: it asks by HTTPS only.
    """

    name: str
    api: str
    api_format: ModuleType
    start: object
    suffix: str = ""
    can: frozenset = field(default_factory=frozenset)


def installed(work):
    """All of them, once they are installed."""
    return [*_python(work), *_node(work), *_boto3(work), *_curl()]


def _python(work):
    lists = {"parse", "models"}
    for name, label, api, api_format, suffix, can in [
        ("anthropic-2", "anthropic (Python)", MESSAGES, messages, "", {*lists, "count", "headers", "prefix"}),
        ("anthropic-1", "anthropic (Python)", MESSAGES, messages, "", {*lists, "count", "headers", "both", "prefix"}),
        ("openai-3", "openai (Python)", CHAT, chat, "/v1", {*lists, "prefix"}),
        ("openai-2", "openai (Python)", CHAT, chat, "/v1", {*lists, "prefix"}),
    ]:
        packages, version = install.python(name, work)
        program = f"{name.partition('-')[0]}_sdk.py"
        start = lambda folder, program=program, packages=packages: Program.python(program, packages, folder)
        yield Client(f"{label} {version}", api, api_format, start, suffix, frozenset(can))


def _node(work):
    packages, versions = install.node(work)
    for name, label, api, api_format, suffix, can in [
        ("anthropic-1", "@anthropic-ai/sdk", MESSAGES, messages, "", {"models", "count", "headers", "prefix"}),
        ("anthropic-0", "@anthropic-ai/sdk", MESSAGES, messages, "", {"models", "count", "headers", "both", "prefix"}),
        ("openai-7", "openai (npm)", CHAT, chat, "/v1", {"models", "prefix"}),
        ("openai-6", "openai (npm)", CHAT, chat, "/v1", {"models", "prefix"}),
    ]:
        program = f"{name.partition('-')[0]}_sdk.mjs"
        start = lambda folder, program=program, name=name: Program.node(program, packages, name, folder)
        yield Client(f"{label} {versions[name]}", api, api_format, start, suffix, frozenset(can))


def _boto3(work):
    packages, version = install.python("boto3-1", work)
    for label, api_format, renamed, can in [
        ("converse", converse, {"whole": "converse", "stream": "converse_stream"}, {"count"}),
        ("invoke_model", native, {"whole": "invoke", "stream": "invoke_stream"}, set()),
    ]:
        start = lambda folder, renamed=renamed: Program.python("boto3_sdk.py", packages, folder, renamed=renamed)
        yield Client(f"boto3 {version}, {label}", BEDROCK, api_format, start, "/bedrock", frozenset({"tls", *can}))


def _curl():
    lists = {"models": "/v1/models", "model": "/v1/models/{model}"}
    for label, api, api_format, suffix, paths, can in [
        (
            "/v1/messages",
            MESSAGES,
            messages,
            "",
            {"whole": "/v1/messages", "stream": "/v1/messages", "count": "/v1/messages/count_tokens", **lists},
            {"count", "models", "headers", "both"},
        ),
        (
            "/v1/chat/completions",
            CHAT,
            chat,
            "",
            {"whole": "/v1/chat/completions", "stream": "/v1/chat/completions", **lists},
            {"models", "headers", "both"},
        ),
        (
            "/bedrock/.../converse",
            BEDROCK,
            converse,
            "/bedrock",
            {"whole": "/model/{model}/converse", "stream": "/model/{model}/converse-stream"},
            {"headers", "both"},
        ),
    ]:
        yield Client(f"curl {label}", api, api_format, lambda _, paths=paths: Curl(paths), suffix, frozenset(can))
