"""OpenAI's chat completions."""

import json

from conversation import Answer, Call, usage


def body(ask):
    said = {"model": ask.model, "max_completion_tokens": ask.max_tokens}
    said["messages"] = [*_system(ask), *(_message(turn) for turn in ask.turns)]
    if ask.tools:
        said["tools"] = [
            {
                "type": "function",
                "function": {"name": tool.name, "description": tool.description, "parameters": tool.schema},
            }
            for tool in ask.tools
        ]
    if ask.forced:
        said["tool_choice"] = {"type": "function", "function": {"name": ask.forced}}
    if ask.stop:
        said["stop"] = list(ask.stop)
    if ask.thinking:
        said["reasoning_effort"] = ask.thinking
    if ask.schema:
        asked = {"name": "answer", "schema": ask.schema, "strict": True}
        said["response_format"] = {"type": "json_schema", "json_schema": asked}
    return said


def _system(ask):
    if not ask.system:
        return []
    if not ask.cached:
        return [{"role": "system", "content": ask.system}]
    part = {"type": "text", "text": ask.system, "cache_control": {"type": "ephemeral"}}
    return [{"role": "system", "content": [part]}]


def _message(turn):
    parts = []
    if turn.image:
        parts.append({"type": "image_url", "image_url": {"url": f"data:image/png;base64,{turn.image}"}})
    if turn.pdf:
        file = {"filename": "report.pdf", "file_data": f"data:application/pdf;base64,{turn.pdf}"}
        parts.append({"type": "file", "file": file})
    if not parts:
        return {"role": turn.role, "content": turn.text}
    return {"role": turn.role, "content": [*parts, {"type": "text", "text": turn.text}]}


def answer(result):
    told = result["message"] if "message" in result else _joined(result["chunks"])
    message = told["choices"][0]["message"]
    deltas = [_delta(chunk).get("content") for chunk in result.get("chunks", [])]
    return Answer(
        text=message.get("content") or "",
        thinking=message.get("reasoning_content") or "",
        calls=[_call(call) for call in message.get("tool_calls") or []],
        stop=told["choices"][0]["finish_reason"],
        usage=_usage(told.get("usage") or {}),
        deltas=[text for text in deltas if text],
        message=message,
        result=result,
    )


def _call(call):
    return Call(call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]))


def _usage(counted):
    """OpenAI counts the cached tokens into the prompt."""
    details = counted.get("prompt_tokens_details") or {}
    read, written = details.get("cached_tokens") or 0, details.get("cache_creation_tokens") or 0
    prompt = counted.get("prompt_tokens") or 0
    return usage(prompt - read - written, counted.get("completion_tokens"), read, written)


def _delta(chunk):
    return chunk["choices"][0]["delta"] if chunk["choices"] else {}


def _joined(chunks):
    """The completion that the chunks of a stream tell, of one id."""
    assert len({chunk["id"] for chunk in chunks}) == 1, chunks
    message, calls, ended, counted = {"role": "assistant", "content": ""}, {}, None, None
    for chunk in chunks:
        delta = _delta(chunk)
        message["content"] += delta.get("content") or ""
        if delta.get("reasoning_content"):
            message["reasoning_content"] = message.get("reasoning_content", "") + delta["reasoning_content"]
        if delta.get("thinking_blocks"):
            message.setdefault("thinking_blocks", []).extend(delta["thinking_blocks"])
        for part in delta.get("tool_calls") or []:
            call = calls.setdefault(part["index"], {"type": "function", "function": {"name": "", "arguments": ""}})
            call["id"] = part.get("id") or call["id"]
            for name, piece in (part.get("function") or {}).items():
                call["function"][name] += piece or ""
        ended = chunk["choices"][0]["finish_reason"] or ended if chunk["choices"] else ended
        counted = chunk.get("usage") or counted
    if calls:
        message["tool_calls"] = [calls[index] for index in sorted(calls)]
    return {"choices": [{"message": message, "finish_reason": ended}], "usage": counted}


def carry(said, answer, results):
    told = [{"role": "tool", "tool_call_id": call.id, "content": results[call.name]} for call in answer.calls]
    return {**said, "messages": [*said["messages"], answer.message, *told]}
