"""The rows of the matrix: what a client does with any model. Each returns a verdict if it is not `ok`."""

import base64
import json
import zlib

from conversation import Tool, Turn
from matrix_cell import TEXT, Raised, equal, holds, lacks
from clients import BEDROCK, CHAT
from formats import native
from rows import LEFT_OUT, NONE, Rows

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
PLACE = {"city": "Scripted answer"}  # what the scripted model makes of that schema
OF_A_CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = Tool("get_weather", "The weather of a city.", OF_A_CITY)
TIME = Tool("get_time", "The time in a city.", OF_A_CITY)
CALLS = [{"name": tool.name, "input": {"city": "Rome"}} for tool in (WEATHER, TIME)]
RESULTS = {"get_weather": "It is sunny.", "get_time": "It is noon."}
SIGNATURE = "c2NyaXB0ZWQtYmVkcm9jay1zaWduYXR1cmU="  # of the scripted model's thoughts

ROWS = Rows()
row = ROWS.row


def speaks_plainly(cell):
    """Another maker's own body for InvokeModel: the gateway does not look into it, and neither do these rows."""
    return cell.api_format is native and not cell.is_claude


def ended(cell, answer, how):
    """The reason for the end, in the API format's word."""
    if cell.client.api == CHAT:
        how = {"end_turn": "stop", "stop_sequence": "stop", "tool_use": "tool_calls"}[how]
    if speaks_plainly(cell):
        how = {"end_turn": "stop"}[how]
    equal(answer.stop, how, "the reason for the end")


@row("whole answer")
def whole(cell):
    answer = cell.send("whole", cell.wish())
    equal(answer.text, TEXT, "the answer")
    ended(cell, answer, "end_turn")
    cell.counts([answer])


@row("stream")
def stream(cell):
    answer = cell.send("stream", cell.wish(script={"deltas": 5}))
    equal("".join(answer.deltas), TEXT, "the deltas")
    equal(len(answer.deltas), 5, "the number of deltas")
    equal(answer.text, TEXT, "the message that the client made of them")
    ended(cell, answer, "end_turn")
    cell.counts([answer])


@row("first delta before the last is made")
def first_delta(cell):
    # The model falls silent after two deltas: a client that has the first did not wait for the end.
    answer = cell.send("stream", cell.wish(script={"deltas": 5, "silence_after": 2}), leave=True)
    assert TEXT.startswith(answer.deltas[0]), answer.deltas


@row("system prompt", unless=speaks_plainly)
def system(cell):
    answer = cell.send("whole", cell.wish(system="You keep the gate."))
    equal(answer.text, TEXT, "the answer")
    (body,) = cell.sent()
    holds(body["system"], "You keep the gate.")
    cell.counts([answer])


@row("several turns", unless=speaks_plainly)
def turns(cell):
    before = (Turn("Remember PLUM-42."), Turn("Remembered.", role="assistant"))
    answer = cell.send("whole", cell.wish("What was it?", before=before))
    (body,) = cell.sent()
    equal([message["role"] for message in body["messages"]], ["user", "assistant", "user"], "the roles")
    holds(body, "PLUM-42", "Remembered.")
    cell.counts([answer])


def tools(cell, op, calls, **fields):
    """A loop of tools, and what of it reached Bedrock."""
    answers = cell.loop(op, cell.wish(tools=(WEATHER, TIME), script={"tools": calls}, **fields), RESULTS)
    equal([[call.name for call in answer.calls] for answer in answers], [[c["name"] for c in calls], []], "the calls")
    equal([call.input for call in answers[0].calls], [call["input"] for call in calls], "their inputs")
    ended(cell, answers[0], "tool_use")
    ended(cell, answers[1], "end_turn")
    equal(answers[1].text, TEXT, "the answer at last")
    asked, told = cell.sent()
    holds(asked, "The weather of a city.", "The time in a city.")
    holds(told["messages"][-1], *(RESULTS[call["name"]] for call in calls))
    cell.counts(answers)
    return told


@row("tool loop", unless=speaks_plainly)
def tool_loop(cell):
    tools(cell, "whole", CALLS[:1])


@row("tool loop, streamed", unless=speaks_plainly)
def tool_loop_streamed(cell):
    tools(cell, "stream", CALLS[:1])


@row("two tools at once", unless=speaks_plainly)
def two_tools(cell):
    tools(cell, "whole", CALLS)


@row("two tools at once, streamed", unless=speaks_plainly)
def two_tools_streamed(cell):
    tools(cell, "stream", CALLS)


def not_translated(cell, wish, text):
    """What the model has nothing for, the gateway refuses to say; Bedrock's own API format passes, for Bedrock to refuse."""
    if cell.client.api == BEDROCK:
        return NONE
    return cell.refused(lambda: cell.send("whole", wish), 400, text)


@row("forced tool", unless=speaks_plainly)
def forced_tool(cell):
    wish = cell.wish(tools=(WEATHER, TIME), forced="get_weather", script={"tools": CALLS[:1]})
    if not cell.family.can("tool_choice"):
        return not_translated(cell, wish, "cannot be made to call a tool")
    answer = cell.send("whole", wish)
    equal([call.name for call in answer.calls], ["get_weather"], "the calls")
    (body,) = cell.sent()
    holds(body.get("tool_choice") or body["toolConfig"]["toolChoice"], '"name": "get_weather"')
    cell.counts([answer])


@row("image", unless=speaks_plainly)
def image(cell):
    picture = base64.b64encode(_png()).decode()
    wish = cell.wish("What is this?", turn={"image": picture})
    if not cell.family.can("vision"):
        return not_translated(cell, wish, "does not read images")
    answer = cell.send("whole", wish)
    (body,) = cell.sent()
    holds(body["messages"], picture)
    cell.counts([answer])


def _png():
    """One red pixel."""

    def chunk(kind, data):
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    head = (1).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    pixel = zlib.compress(bytes([0, 255, 0, 0]))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")


@row("PDF")
def pdf(cell):
    if speaks_plainly(cell) or (cell.client.api == BEDROCK and not cell.family.can("pdf_input")):
        return NONE
    document = base64.b64encode(b"%PDF-1.4\n%%EOF\n").decode()
    answer = cell.send("whole", cell.wish("Sum it up.", turn={"pdf": document}))
    (body,) = cell.sent()
    holds(body["messages"], document)
    cell.counts([answer])


def effort(cell):
    return "low" if cell.client.api == CHAT else 1024


@row("thinking")
def thinking(cell):
    if cell.client.api == BEDROCK and not cell.is_claude:
        return NONE
    thinks = cell.family.can("reasoning")
    answer = cell.send("whole", cell.wish(thinking=effort(cell), script={"thinking": thinks}))
    equal(bool(answer.thinking), thinks, "whether thoughts are told")
    equal(answer.text, TEXT, "the answer")
    streamed = cell.send("stream", cell.wish(thinking=effort(cell), script={"thinking": thinks}))
    equal((streamed.thinking, streamed.text), (answer.thinking, TEXT), "the same in a stream")
    cell.counts([answer, streamed])
    for body in cell.sent():
        if cell.is_claude:
            holds(body, '"budget_tokens": 1024')
        elif cell.family.name == "gpt-oss":
            holds(body, '"reasoning_effort": "low"')
        else:
            equal(body.get("additionalModelRequestFields"), None, "what is asked in the model's own words")
    return None if cell.is_claude or cell.family.name == "gpt-oss" else LEFT_OUT


@row("thinking, adaptive")
def adaptive(cell):
    if not cell.is_claude or cell.api_format.__name__ == "formats.converse":
        return NONE
    wish = "adaptive" if cell.client.api != CHAT else "medium"
    family = cell.bench.family("Claude", "claude-opus-5-5")
    answer = cell.send("stream", cell.wish(model=family.model, thinking=wish, script={"thinking": True}))
    assert answer.thinking, answer
    (body,) = cell.sent()
    holds(body, '"adaptive"', *(['"medium"'] if wish == "medium" else []))
    cell.counts([answer], family)


@row("thinking in a tool loop", unless=lambda cell: not cell.is_claude)
def thinking_loop(cell):
    # The fake thinks as long as the script says so: both answers do.
    answers = cell.loop(
        "stream",
        cell.wish(tools=(WEATHER,), thinking=effort(cell), script={"thinking": True, "tools": CALLS[:1]}),
        RESULTS,
    )
    assert all(answer.thinking for answer in answers), answers
    asked, told = cell.sent()
    holds(asked, '"budget_tokens": 1024')
    holds(told, '"budget_tokens": 1024', SIGNATURE)
    cell.counts(answers)


def by_a_tool(cell):
    """Whether a schema becomes a tool that the model is made to call."""
    can = cell.family.can
    return cell.client.api == CHAT and (not can("response_schema") or cell.family.name == "Nova")


def structured(cell, name):
    """The script of an answer by the schema."""
    return {"tools": [{"name": name, "input": PLACE}]} if by_a_tool(cell) else {"text": json.dumps(PLACE)}


@row("JSON by a schema", unless=speaks_plainly)
def schema(cell):
    if cell.client.api == BEDROCK and (cell.family.name == "Nova" or not cell.family.can("response_schema")):
        return NONE
    wish = cell.wish(schema=SCHEMA, script=structured(cell, "answer"))
    if by_a_tool(cell) and not cell.family.can("tool_choice"):
        return cell.refused(lambda: cell.send("whole", wish), 400, "does not answer by a schema")
    answers = [cell.send("whole", wish), cell.send("stream", wish)]
    for answer in answers:
        equal(json.loads(answer.text), PLACE, "the answer")
        ended(cell, answer, "end_turn")
    for body in cell.sent():
        holds(body, "additionalProperties")
        if by_a_tool(cell):
            lacks(body, "outputConfig")
    cell.counts(answers)


@row("JSON by the SDK's `parse`", unless=lambda cell: "parse" not in cell.client.can)
def parse(cell):
    wish = cell.wish(script=structured(cell, "Place"))
    options = {"body": cell.api_format.body(wish), "title": "Place", "fields": ["city"], "model": wish.model}
    if by_a_tool(cell) and not cell.family.can("tool_choice"):
        return cell.refused(lambda: cell.ask("parse", **options), 400, "does not answer by a schema")
    result = cell.ask("parse", **options)
    equal(result["parsed"], PLACE, "what was parsed")
    cell.counts([cell.api_format.answer(result)])


@row("prompt caching", unless=speaks_plainly)
def caching(cell):
    caches = cell.family.can("prompt_caching")
    if cell.client.api == BEDROCK and not caches:
        return NONE
    used = {"cache_read": 50, "cache_write": 30} if caches else {}
    wish = cell.wish(system="You keep the gate.", cached=True, script=used)
    answers = [cell.send("whole", wish), cell.send("stream", wish)]
    for body in cell.sent():
        check = holds if caches else lacks
        check(body["system"], "cache_control" if "anthropic_version" in body else "cachePoint")
    cell.counts(answers, read=50 if caches else 0, written=30 if caches else 0)
    return None if caches else LEFT_OUT


@row("stop sequences", unless=speaks_plainly)
def stop(cell):
    answer = cell.send("whole", cell.wish(stop=("HALT",), script={"stop_reason": "stop_sequence"}))
    ended(cell, answer, "stop_sequence")
    (body,) = cell.sent()
    holds(body.get("stop_sequences") or body["inferenceConfig"]["stopSequences"], "HALT")
    cell.counts([answer])


@row("token count", unless=lambda cell: "count" not in cell.client.can)
def count(cell):
    wish = cell.wish()
    send = lambda: cell.ask("count", body=cell.api_format.body(wish), model=wish.model)
    if cell.client.api == BEDROCK and not cell.is_claude:
        return cell.refused(send, 400, "doesn't support counting tokens")
    assert send()["tokens"] > 0
    equal(cell.spent(), 0, "what counting cost")


@row("throttled, then not")
def throttled(cell):
    # Failures are counted by the directive, which this message makes its own.
    answer = cell.send("whole", cell.wish(script={"status": 429, "failures": 1, "message": cell.word}))
    equal(answer.text, TEXT, "the answer")
    equal(len(cell.requests()), 1, "attempts of the client: the gateway tried again for it")
    cell.counts([answer])


def broken(cell, fault, *texts):
    """The client raises: half an answer is not passed off as a whole one."""
    try:
        answer = cell.send("stream", cell.wish(script={"deltas": 4, **fault}))
    except Raised as raised:
        for text in texts:
            assert text in raised.error["message"], f"{text!r} is not in {raised.error}"
        equal(len(cell.requests()), 1, "attempts")
        return
    raise AssertionError(f"a stream that broke was a success: {answer}")


@row("stream that breaks raises")
def cut(cell):
    broken(cell, {"cut_after": 2})


@row("error in a stream raises")
def exception(cell):
    fault = {"type": "modelStreamErrorException", "message": "It broke.", "after": 2}
    broken(cell, {"exception": fault})
