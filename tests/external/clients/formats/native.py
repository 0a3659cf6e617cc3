"""Bodies for InvokeModel: Anthropic's for Claude; for others one of Nova's kind, which stands for any maker's own."""

from conversation import Answer, usage
from formats import messages, sse


def body(ask):
    if ask.model.startswith("claude"):
        said = messages.body(ask)
        del said["model"]
        return {"anthropic_version": "bedrock-2023-05-31", **said}
    turns = [{"role": turn.role, "content": [{"text": turn.text}]} for turn in ask.turns]
    return {"messages": turns, "inferenceConfig": {"maxTokens": ask.max_tokens}}


def answer(result):
    if "message" in result:
        message = result["message"]
        if "content" in message:
            return messages.read(message, result)
        counted = {name.lower(): value for name, value in result["headers"].items()}
        tokens = [int(counted[f"x-amzn-bedrock-{name}-token-count"]) for name in ("input", "output")]
        return Answer(text=message["generation"], stop=message["stop_reason"], usage=usage(*tokens), result=result)
    events = result["events"]
    if events and "generation" not in events[0]:
        message, deltas = sse.message(events)
        return messages.read(message, {**result, "deltas": deltas})
    texts = [event["generation"] for event in events if event["generation"]]
    counted = events[-1].get("amazon-bedrock-invocationMetrics", {})
    tokens = usage(counted.get("inputTokenCount"), counted.get("outputTokenCount"))
    return Answer(text="".join(texts), stop=events[-1].get("stop_reason"), usage=tokens, deltas=texts, result=result)


carry = messages.carry
