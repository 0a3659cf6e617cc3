"""What the checks ask of models. The scripted Bedrock answers as the question says, usage and all."""

import json
from decimal import Decimal

from answers import expect

# The document's prices are those of older models: Haiku 4.5 is not $0.80 and $4 for a million tokens.
HAIKU = {"input_tokens": Decimal("0.000001"), "output_tokens": Decimal("0.000005"), "cache_read": Decimal("0.0000001")}
SONNET_OUTPUT = Decimal("0.000015")


def ask(document, key, model="claude-haiku-4-5", words="Hello", path="/v1/messages", **script):
    """A question whose answer is scripted, usage and all."""
    script = json.dumps({"text": "Hi.", "first_ms": 0, "delay_ms": 0, "input_tokens": 1, "output_tokens": 1, **script})
    question = {"role": "user", "content": f"{words} <<fake {script}>>"}
    return document.inference(key, {"model": model, "max_tokens": 64_000, "messages": [question]}, path)


def spend(document, key, dollars, haiku_only=False):
    """Spends exactly that much, on few and long answers."""
    long = Decimal(60_000)
    while dollars:
        sonnet = not haiku_only and dollars >= long * SONNET_OUTPUT
        model, price = ("claude-sonnet-4-5", SONNET_OUTPUT) if sonnet else ("claude-haiku-4-5", HAIKU["output_tokens"])
        tokens = int(min(long, dollars / price))
        status, answer, headers = ask(document, key, model, input_tokens=0, output_tokens=tokens)
        assert status == 200, f"a request within the budget: {status} {answer}"
        expect(Decimal(headers["x-stargate-cost"]), tokens * price)
        dollars -= tokens * price
