"""Anthropic's Python SDK, as the driver asks it."""

import anthropic

import rpc
from sdk import dumped, model, models, wanted

# Shared, as it takes longer to make than to use.
CONNECTIONS = anthropic.DefaultHttpxClient()


def connect(asked):
    credentials = {
        "bearer": {"auth_token": asked["key"]},
        "x-api-key": {"api_key": asked["key"]},
        "both": {"auth_token": asked["key"], "api_key": asked["key"]},
    }[asked["header"]]
    return anthropic.Anthropic(base_url=asked["url"], timeout=60, http_client=CONNECTIONS, **credentials)


def whole(client, asked):
    return {"message": dumped(client.messages.create(**asked["body"]))}


def stream(client, asked):
    deltas = []
    with client.messages.stream(**asked["body"]) as events:
        for event in events:
            if event.type == "content_block_delta":
                deltas.append(getattr(event.delta, "text", ""))
                if asked["leave"]:
                    return {"deltas": deltas}
        return {"message": dumped(events.get_final_message()), "deltas": deltas}


def parse(client, asked):
    message = client.messages.parse(**asked["body"], output_format=wanted(asked))
    return {"message": dumped(message), "parsed": message.parsed_output.model_dump()}


def count(client, asked):
    body = {name: value for name, value in asked["body"].items() if name != "max_tokens"}
    return {"tokens": client.messages.count_tokens(**body).input_tokens}


OPERATIONS = {"whole": whole, "stream": stream, "parse": parse, "count": count, "models": models, "model": model}

if __name__ == "__main__":
    rpc.serve(OPERATIONS, connect)
