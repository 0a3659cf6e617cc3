"""One cell of the matrix: a client tries one feature on one model, with a key of its own."""

import itertools
import json
import urllib.request
from dataclasses import dataclass
from decimal import Decimal

from conversation import Ask, Turn, scripted

TEXT = "The gate is open."
GIVEN, WRITTEN = 120, 9  # what the scripted model counts, unless a cell says otherwise

_numbers = itertools.count(1)


class Raised(Exception):
    """The client raised: `error` says what, and what a person reads of it."""

    def __init__(self, error):
        super().__init__(json.dumps(error))
        self.error = error


@dataclass(frozen=True)
class Family:
    """A maker's models, and the one that stands for them; `info` is what the gateway says of it."""

    name: str
    model: str
    info: dict

    def can(self, capability):
        return self.info[f"supports_{capability}"]

    def price(self, usage):
        """What tokens cost, exactly."""
        kinds = {
            "input": "input_cost_per_token",
            "output": "output_cost_per_token",
            "read": "cache_read_input_token_cost",
            "written": "cache_creation_input_token_cost",
        }
        return sum((self.info[kinds[kind]] * count for kind, count in usage.items() if count), Decimal(0))


class Cell:
    """What a feature is tried with."""

    def __init__(self, bench, client, program, recorder, family):
        self.bench, self.client, self.program, self.recorder, self.family = bench, client, program, recorder, family
        self.word = f"cell-{next(_numbers):05}-end"
        self.before = len(recorder.exchanges)
        self.charged = Decimal(0)
        self._key = None

    @property
    def api_format(self):
        return self.client.api_format

    @property
    def is_claude(self):
        return self.family.name == "Claude"

    @property
    def key(self):
        if self._key is None:
            self._key = self.bench.key_of(self.client.name, self.word)
        return self._key

    def key_with(self, **terms):
        """The key of this cell is a user's of its own, under these terms."""
        self._key = self.bench.gateway.developer(self.word, **terms)

    def wish(self, words="Say it.", model=None, turn=None, before=(), script=None, **fields):
        """A request whose last turn has this cell's word in it, and what the model shall answer."""
        said = {"text": TEXT, "input_tokens": GIVEN, "output_tokens": WRITTEN, **(script or {})}
        last = Turn(scripted(f"{words} {self.word}", **said), **(turn or {}))
        return Ask(model=model or self.family.model, turns=(*before, last), **fields)

    def send(self, op, wish, body=None, **options):
        """The client's answer, or `Raised`; `body` is sent instead of the wish's own."""
        body = body or self.api_format.body(wish)
        return self.api_format.answer(self.ask(op, model=wish.model, body=body, **options))

    def ask(self, op, **options):
        url = self.recorder.url + options.pop("suffix", self.client.suffix)
        asked = {"url": url, "key": self.key, "header": "bearer", **options}
        result = self.program.ask(op, **asked)
        if "error" in result:
            raise Raised(result["error"])
        return result

    def loop(self, op, wish, results):
        """Answers, as long as the model calls tools: all of them, in order."""
        body = self.api_format.body(wish)
        answers = [self.send(op, wish, body)]
        while answers[-1].calls:
            assert len(answers) < 5, f"it never ends: {answers}"
            body = self.api_format.carry(body, answers[-1], results)
            answers.append(self.send(op, wish, body))
        return answers

    def requests(self):
        """What this cell's client has sent so far."""
        return self.recorder.exchanges[self.before :]

    def sent(self):
        """The bodies that reached Bedrock for this cell."""
        with urllib.request.urlopen(f"{self.bench.stand_in}/requests/{self.word}", timeout=30) as answer:
            return [request["body"] for request in json.load(answer)]

    def counts(self, answers, family=None, **usage):
        """Every answer tells exactly this usage, and the key was charged exactly its price."""
        expected = {"input": GIVEN, "output": WRITTEN, "read": 0, "written": 0, **usage}
        for answer in answers:
            equal(answer.usage, expected, "the usage that the client tells")
        self.charged += (family or self.family).price(expected) * len(answers)
        self.is_charged()

    def is_charged(self):
        """The key was charged exactly that; the log is compared when all cells are done."""
        equal(self.spent(), self.charged, "what the key was charged")
        self.bench.charged[self.word] = self

    def spent(self):
        return Decimal(self.bench.gateway.admin("GET", f"/key/info?key={self.key}")["info"]["spend"])

    def refused(self, send, status, *texts, attempts=1):
        """The client raises this status, shows these texts, and tried so often."""
        before = len(self.requests())
        try:
            answer = send()
        except Raised as raised:
            error = raised.error
        else:
            raise AssertionError(f"it was not refused, but answered {answer}")
        equal(error["status"], status, f"the status of {error}")
        for text in texts:
            assert text in error["message"], f"{text!r} is not in {error}"
        equal(len(self.requests()) - before, attempts, "attempts")
        return "refused"


def equal(found, wanted, what):
    assert found == wanted, f"{what}: {found!r}, not {wanted!r}"


def holds(body, *texts):
    """A body that reached Bedrock has these texts in it, wherever its API format has them."""
    body = json.dumps(body)
    for text in texts:
        assert text in body, f"{text!r} did not reach Bedrock: {body[:2000]}"


def lacks(body, *texts):
    body = json.dumps(body)
    for text in texts:
        assert text not in body, f"{text!r} reached Bedrock: {body[:2000]}"
