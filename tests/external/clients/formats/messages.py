"""Anthropic's Messages."""

from conversation import Answer, Call, usage


def body(ask):
    said = {"model": ask.model, "max_tokens": ask.max_tokens, "messages": [_message(turn) for turn in ask.turns]}
    if ask.system:
        said["system"] = [{"type": "text", "text": ask.system}] if ask.cached else ask.system
    if ask.cached:
        said["system"][0]["cache_control"] = {"type": "ephemeral"}
    if ask.tools:
        said["tools"] = [
            {"name": tool.name, "description": tool.description, "input_schema": tool.schema} for tool in ask.tools
        ]
    if ask.forced:
        said["tool_choice"] = {"type": "tool", "name": ask.forced}
    if ask.stop:
        said["stop_sequences"] = list(ask.stop)
    if ask.thinking == "adaptive":
        said["thinking"] = {"type": "adaptive"}
    elif ask.thinking:
        said["thinking"] = {"type": "enabled", "budget_tokens": ask.thinking}
    if ask.schema:
        said["output_config"] = {"format": {"type": "json_schema", "schema": ask.schema}}
    return said


def _message(turn):
    blocks = []
    if turn.image:
        blocks.append({"type": "image", "source": _source("image/png", turn.image)})
    if turn.pdf:
        blocks.append({"type": "document", "source": _source("application/pdf", turn.pdf)})
    if not blocks:
        return {"role": turn.role, "content": turn.text}
    return {"role": turn.role, "content": [*blocks, {"type": "text", "text": turn.text}]}


def _source(media_type, data):
    return {"type": "base64", "media_type": media_type, "data": data}


def answer(result):
    return read(result["message"], result) if "message" in result else Answer(deltas=_texts(result), result=result)


def read(message, result):
    blocks = message["content"]
    counted = message["usage"]
    return Answer(
        text="".join(block["text"] for block in blocks if block["type"] == "text"),
        thinking="".join(block["thinking"] for block in blocks if block["type"] == "thinking"),
        calls=[Call(b["id"], b["name"], b["input"]) for b in blocks if b["type"] == "tool_use"],
        stop=message["stop_reason"],
        usage=usage(
            counted.get("input_tokens"),
            counted.get("output_tokens"),
            counted.get("cache_read_input_tokens"),
            counted.get("cache_creation_input_tokens"),
        ),
        deltas=_texts(result),
        message={"role": "assistant", "content": blocks},
        result=result,
    )


def _texts(result):
    return [text for text in result.get("deltas", []) if text]


def carry(said, answer, results):
    told = [
        {"type": "tool_result", "tool_use_id": call.id, "content": results[call.name]} for call in answer.calls
    ]
    return {**said, "messages": [*said["messages"], answer.message, {"role": "user", "content": told}]}
