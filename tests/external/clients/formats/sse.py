"""Messages as Server-Sent Events, put together again: for curl, which does nothing for its user."""

import json


def events(text):
    """The data of each event, in order; comments and `[DONE]` are left out."""
    datas = [line[5:].strip() for line in text.splitlines() if line.startswith("data:")]
    return [json.loads(data) for data in datas if data != "[DONE]"]


def message(events):
    """The message that Anthropic's events tell, and the texts of its deltas."""
    message, deltas = None, []
    for event in events:
        kind = event["type"]
        if kind == "message_start":
            message = event["message"]
        elif kind == "content_block_start":
            message["content"].append({**event["content_block"], "partial": ""})
        elif kind == "content_block_delta":
            _add(message["content"][event["index"]], event["delta"], deltas)
        elif kind == "message_delta":
            message.update({name: value for name, value in event["delta"].items() if value is not None})
            message["usage"].update({n: v for n, v in (event.get("usage") or {}).items() if v is not None})
    for block in message["content"] if message else []:
        partial = block.pop("partial")
        if block["type"] == "tool_use":
            block["input"] = json.loads(partial or "{}")
    return message, deltas


def _add(block, delta, deltas):
    kind = delta["type"]
    if kind == "text_delta":
        block["text"] += delta["text"]
        deltas.append(delta["text"])
    elif kind == "input_json_delta":
        block["partial"] += delta["partial_json"]
    elif kind == "thinking_delta":
        block["thinking"] += delta["thinking"]
    elif kind == "signature_delta":
        block["signature"] = delta["signature"]
