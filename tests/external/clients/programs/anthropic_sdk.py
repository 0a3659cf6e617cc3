"""Anthropic's Python SDK, as the driver asks it."""

import anthropic
from pydantic import create_model

import rpc

# Shared, as it takes longer to make than to use.
CONNECTIONS = anthropic.DefaultHttpxClient()


def connect(asked):
    credentials = {
        "bearer": {"auth_token": asked["key"]},
        "x-api-key": {"api_key": asked["key"]},
        "both": {"auth_token": asked["key"], "api_key": asked["key"]},
    }[asked["header"]]
    return anthropic.Anthropic(base_url=asked["url"], timeout=60, http_client=CONNECTIONS, **credentials)


def dumped(message):
    """A message as the SDK itself would send it back."""
    return message.model_dump(mode="json", by_alias=True, exclude_unset=True, warnings=False)


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
    model = create_model(asked["title"], **{name: (str, ...) for name in asked["fields"]})
    message = client.messages.parse(**asked["body"], output_format=model)
    return {"message": dumped(message), "parsed": message.parsed_output.model_dump()}


def count(client, asked):
    body = {name: value for name, value in asked["body"].items() if name != "max_tokens"}
    return {"tokens": client.messages.count_tokens(**body).input_tokens}


def models(client, _):
    return {"models": [model.id for model in client.models.list()]}


def model(client, asked):
    return {"model": client.models.retrieve(asked["body"]["model"]).id}


OPERATIONS = {"whole": whole, "stream": stream, "parse": parse, "count": count, "models": models, "model": model}

if __name__ == "__main__":
    rpc.serve(OPERATIONS, connect)
