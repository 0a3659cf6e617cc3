"""What an answer must be, field by field."""

import datetime
import re


class Is:
    """A value that is known by a rule only, with the words for it."""

    def __init__(self, words, holds):
        self.words, self.holds = words, holds

    def __repr__(self):
        return self.words


def expect(answer, wanted):
    """An answer has every field that is wanted; fields that nobody asked for are free."""
    wrong = list(differences(answer, wanted))
    assert not wrong, "\n".join(wrong)


def differences(answer, wanted, field=""):
    if isinstance(wanted, Is):
        if not wanted.holds(answer):
            yield f"{field}: {answer!r} instead of {wanted}"
    elif isinstance(wanted, dict) and isinstance(answer, dict):
        for name, value in wanted.items():
            if name in answer:
                yield from differences(answer[name], value, f"{field}.{name}")
            else:
                yield f"{field}.{name}: missing, wanted {value!r}"
    elif isinstance(wanted, list) and isinstance(answer, list) and len(wanted) == len(answer):
        for at, (value, one) in enumerate(zip(answer, wanted)):
            yield from differences(value, one, f"{field}[{at}]")
    # To Python True is 1.
    elif answer != wanted or isinstance(answer, bool) != isinstance(wanted, bool):
        yield f"{field or 'the answer'}: {answer!r} instead of {wanted!r}"


def only(entries, **fields):
    """The one entry of a list that has these fields."""
    found = [entry for entry in entries if all(entry.get(name) == value for name, value in fields.items())]
    others = [{name: entry.get(name) for name in fields} for entry in entries]
    assert len(found) == 1, f"one entry with {fields}, not {len(found)} of {others}"
    return found[0]


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def moment(text):
    """A time as the documents print it: in UTC, with a Z."""
    if not isinstance(text, str) or not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", text):
        return None
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def in_days(days):
    """A time so many days from now; a minute's play, as the call was a moment ago."""

    def holds(text):
        return moment(text) and abs(moment(text) - now() - datetime.timedelta(days)) < datetime.timedelta(minutes=1)

    return Is(f"a time in {days} days", holds)


def next_month():
    """When a monthly budget starts again: on the first at midnight, as document 000 prints it."""

    def holds(text):
        first = (now().replace(day=1) + datetime.timedelta(days=32)).replace(day=1)
        return text == first.strftime("%Y-%m-01T00:00:00Z")

    return Is("midnight of the next month's first", holds)


def in_any_order(names):
    """A list of what is allowed is a set: an answer may sort it."""
    return Is(f"{names} in any order", lambda value: isinstance(value, list) and sorted(value) == sorted(names))


SOME_TEXT = Is("a text", lambda value: isinstance(value, str) and value != "")
# 256 random bits are 43 characters at the least.
SECRET = Is("sk- and a secret", lambda value: isinstance(value, str) and re.fullmatch(r"sk-[A-Za-z0-9_-]{43,}", value))
