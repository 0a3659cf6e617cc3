"""What is asked and what is answered, in no API format."""

import json
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Turn:
    """A message of the conversation; `image` and `pdf` are base64."""

    text: str
    role: str = "user"
    image: str = None
    pdf: str = None


@dataclass(frozen=True)
class Tool:
    name: str
    description: str
    schema: dict


@dataclass(frozen=True)
class Ask:
    """A request. `thinking` is a budget of tokens, `adaptive`, or an effort such as `low`."""

    model: str
    turns: tuple
    system: str = None
    cached: bool = False  # whether the system prompt is to be cached
    tools: tuple = ()
    forced: str = None  # the tool that must be called
    stop: tuple = ()
    thinking: object = None
    schema: dict = None
    max_tokens: int = 4000


@dataclass(frozen=True)
class Call:
    id: str
    name: str
    input: dict


@dataclass
class Answer:
    """What the client made of an answer; `usage` counts tokens as Bedrock does: the cached ones apart."""

    text: str = ""
    thinking: str = ""
    calls: list = field(default_factory=list)
    stop: str = None
    usage: dict = field(default_factory=dict)
    deltas: list = field(default_factory=list)  # the texts, as they came
    message: dict = None  # as the client has it, to be sent back
    result: dict = None  # what the program told


def usage(given, written, read=0, into_cache=0):
    return {"input": given or 0, "output": written or 0, "read": read or 0, "written": into_cache or 0}


def scripted(words, **script):
    """A prompt, and what the scripted model shall answer to it, without the pauses of a human pace."""
    return f"{words} <<fake {json.dumps({'first_ms': 0, 'delay_ms': 0, **script})}>>"
