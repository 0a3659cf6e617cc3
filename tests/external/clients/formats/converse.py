"""Bedrock's Converse."""

import json

from conversation import Answer, Call, usage


def body(ask):
    said = {"messages": [_message(turn) for turn in ask.turns], "inferenceConfig": {"maxTokens": ask.max_tokens}}
    if ask.system:
        point = [{"cachePoint": {"type": "default"}}] if ask.cached else []
        said["system"] = [{"text": ask.system}, *point]
    if ask.tools:
        said["toolConfig"] = {"tools": [_tool(tool) for tool in ask.tools]}
    if ask.forced:
        said["toolConfig"]["toolChoice"] = {"tool": {"name": ask.forced}}
    if ask.stop:
        said["inferenceConfig"]["stopSequences"] = list(ask.stop)
    if ask.thinking:
        said["additionalModelRequestFields"] = {"thinking": {"type": "enabled", "budget_tokens": ask.thinking}}
    if ask.schema:
        structure = {"jsonSchema": {"name": "answer", "schema": json.dumps(ask.schema)}}
        said["outputConfig"] = {"textFormat": {"type": "json_schema", "structure": structure}}
    return said


def _tool(tool):
    spec = {"name": tool.name, "description": tool.description, "inputSchema": {"json": tool.schema}}
    return {"toolSpec": spec}


def _message(turn):
    blocks = [{"text": turn.text}]
    if turn.image:
        blocks.insert(0, {"image": {"format": "png", "source": {"bytes": turn.image}}})
    if turn.pdf:
        blocks.insert(0, {"document": {"format": "pdf", "name": "report", "source": {"bytes": turn.pdf}}})
    return {"role": turn.role, "content": blocks}


def answer(result):
    told = result["message"] if "message" in result else _joined(result["events"])
    blocks = told["output"]["message"]["content"]
    counted = told.get("usage") or {}
    texts = [event["contentBlockDelta"]["delta"] for event in result.get("events", []) if "contentBlockDelta" in event]
    thoughts = [block["reasoningContent"]["reasoningText"]["text"] for block in blocks if "reasoningContent" in block]
    uses = [block["toolUse"] for block in blocks if "toolUse" in block]
    return Answer(
        text="".join(block.get("text", "") for block in blocks),
        thinking="".join(thoughts),
        calls=[Call(use["toolUseId"], use["name"], use["input"]) for use in uses],
        stop=told.get("stopReason"),
        usage=usage(
            counted.get("inputTokens"),
            counted.get("outputTokens"),
            counted.get("cacheReadInputTokens"),
            counted.get("cacheWriteInputTokens"),
        ),
        deltas=[delta["text"] for delta in texts if delta.get("text")],
        message=told["output"]["message"],
        result=result,
    )


def _joined(events):
    """The answer that the events of a stream tell."""
    blocks, told = {}, {}
    for event in events:
        ((kind, said),) = event.items()
        if kind == "contentBlockStart":
            blocks[said["contentBlockIndex"]] = {"toolUse": {**said["start"]["toolUse"], "input": ""}}
        elif kind == "contentBlockDelta":
            _add(blocks.setdefault(said["contentBlockIndex"], {}), said["delta"])
        elif kind == "messageStop":
            told["stopReason"] = said["stopReason"]
        elif kind == "metadata":
            told["usage"] = said["usage"]
    content = [blocks[index] for index in sorted(blocks)]
    for use in (block["toolUse"] for block in content if "toolUse" in block):
        use["input"] = json.loads(use["input"] or "{}")
    return {**told, "output": {"message": {"role": "assistant", "content": content}}}


def _add(block, delta):
    if "text" in delta:
        block["text"] = block.get("text", "") + delta["text"]
    elif "toolUse" in delta:
        block["toolUse"]["input"] += delta["toolUse"]["input"]
    elif "reasoningContent" in delta:
        thought = block.setdefault("reasoningContent", {}).setdefault("reasoningText", {"text": ""})
        thought["text"] += delta["reasoningContent"].get("text", "")
        if "signature" in delta["reasoningContent"]:
            thought["signature"] = delta["reasoningContent"]["signature"]


def carry(said, answer, results):
    told = [
        {"toolResult": {"toolUseId": call.id, "content": [{"text": results[call.name]}]}} for call in answer.calls
    ]
    return {**said, "messages": [*said["messages"], answer.message, {"role": "user", "content": told}]}
