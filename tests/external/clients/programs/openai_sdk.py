"""OpenAI's Python SDK, as the driver asks it."""

import openai

import rpc
from sdk import dumped, model, models, wanted

# Shared, as it takes longer to make than to use.
CONNECTIONS = openai.DefaultHttpxClient()


def connect(asked):
    return openai.OpenAI(base_url=asked["url"], api_key=asked["key"], timeout=60, http_client=CONNECTIONS)


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
    answer = client.chat.completions.parse(**asked["body"], response_format=wanted(asked))
    return {"message": dumped(answer), "parsed": answer.choices[0].message.parsed.model_dump()}


OPERATIONS = {"whole": whole, "stream": stream, "parse": parse, "models": models, "model": model}

if __name__ == "__main__":
    rpc.serve(OPERATIONS, connect)
