"""OpenAI's Python SDK, as the driver asks it."""

import openai
from pydantic import create_model

import rpc

# Shared, as it takes longer to make than to use.
CONNECTIONS = openai.DefaultHttpxClient()


def connect(asked):
    return openai.OpenAI(base_url=asked["url"], api_key=asked["key"], timeout=60, http_client=CONNECTIONS)


def dumped(answer):
    """An answer as the SDK itself would send it back."""
    return answer.model_dump(mode="json", by_alias=True, exclude_unset=True, warnings=False)


def whole(client, asked):
    return {"message": dumped(client.chat.completions.create(**asked["body"]))}


def stream(client, asked):
    chunks = []
    body = {**asked["body"], "stream": True, "stream_options": {"include_usage": True}}
    with client.chat.completions.create(**body) as arriving:
        for chunk in arriving:
            chunks.append(dumped(chunk))
            if asked["leave"] and chunk.choices and chunk.choices[0].delta.content:
                break
    return {"chunks": chunks}


def parse(client, asked):
    model = create_model(asked["title"], **{name: (str, ...) for name in asked["fields"]})
    answer = client.chat.completions.parse(**asked["body"], response_format=model)
    return {"message": dumped(answer), "parsed": answer.choices[0].message.parsed.model_dump()}


def models(client, _):
    return {"models": [model.id for model in client.models.list()]}


def model(client, asked):
    return {"model": client.models.retrieve(asked["body"]["model"]).id}


OPERATIONS = {"whole": whole, "stream": stream, "parse": parse, "models": models, "model": model}

if __name__ == "__main__":
    rpc.serve(OPERATIONS, connect)
