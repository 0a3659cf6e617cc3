"""AWS's Python SDK, as the driver asks it: a key of the gateway is its bearer token."""

import base64
import json
import os

import boto3

import rpc


def connect(asked):
    os.environ["AWS_BEARER_TOKEN_BEDROCK"] = asked["key"]
    return boto3.client("bedrock-runtime", endpoint_url=asked["url"], region_name="us-east-1")


def native(value):
    """A Converse body of the wire in the SDK's own: bytes are bytes there."""
    if isinstance(value, list):
        return [native(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: base64.b64decode(item) if name == "bytes" else native(item) for name, item in value.items()}


def converse(client, asked):
    answer = client.converse(modelId=asked["model"], **native(asked["body"]))
    return {"message": {name: answer[name] for name in ("output", "stopReason", "usage")}}


def converse_stream(client, asked):
    events = []
    answer = client.converse_stream(modelId=asked["model"], **native(asked["body"]))
    for event in answer["stream"]:
        events.append(event)
        if asked["leave"] and "contentBlockDelta" in event:
            answer["stream"].close()
            break
    return {"events": events}


def invoke(client, asked):
    answer = client.invoke_model(modelId=asked["model"], body=json.dumps(asked["body"]))
    return {"message": json.loads(answer["body"].read()), "headers": answer["ResponseMetadata"]["HTTPHeaders"]}


def invoke_stream(client, asked):
    events = []
    answer = client.invoke_model_with_response_stream(modelId=asked["model"], body=json.dumps(asked["body"]))
    for event in answer["body"]:
        events.append(json.loads(event["chunk"]["bytes"]))
        if asked["leave"] and (events[-1].get("type") == "content_block_delta" or events[-1].get("generation")):
            answer["body"].close()
            break
    return {"events": events}


def count(client, asked):
    body = {name: asked["body"][name] for name in ("messages", "system") if name in asked["body"]}
    answer = client.count_tokens(modelId=asked["model"], input={"converse": native(body)})
    return {"tokens": answer["inputTokens"]}


OPERATIONS = {
    "converse": converse,
    "converse_stream": converse_stream,
    "invoke": invoke,
    "invoke_stream": invoke_stream,
    "count": count,
}

if __name__ == "__main__":
    rpc.serve(OPERATIONS, connect)
