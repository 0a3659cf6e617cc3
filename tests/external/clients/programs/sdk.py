"""What Anthropic's and OpenAI's Python SDKs have alike: one generator makes both."""

from pydantic import create_model


def dumped(answer):
    """An answer as the SDK itself would send it back."""
    return answer.model_dump(mode="json", by_alias=True, exclude_unset=True, warnings=False)


def wanted(asked):
    """The model of an answer that `parse` is asked for."""
    return create_model(asked["title"], **{name: (str, ...) for name in asked["fields"]})


def models(client, _):
    return {"models": [model.id for model in client.models.list()]}


def model(client, asked):
    return {"model": client.models.retrieve(asked["body"]["model"]).id}
