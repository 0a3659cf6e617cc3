"""What all cells share: the gateway, its scripted Bedrock, and the families of models."""

import re
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from matrix_cell import Family

# One model of each family, by a name that its users know.
FAMILIES = {
    "Claude": "claude-haiku-4-5",
    "Nova": "nova-pro",
    "Llama": "llama3-3-70b-instruct",
    "Mistral": "mistral-large-3-675b-instruct",
    "DeepSeek": "deepseek-v3.2",
    "Qwen": "qwen3-235b-a22b-2507",
    "gpt-oss": "gpt-oss-120b",
}


class Bench:
    def __init__(self, gateway):
        self.gateway = gateway
        self.charged = {}  # the cells whose keys were charged what they must be, by their words
        self.stand_in = gateway.stand_in
        self.info = {m["model_name"]: m["model_info"] for m in gateway.admin("GET", "/model/info")["data"]}
        self.families = [self.family(name, model) for name, model in FAMILIES.items()]

    def wrong_books(self):
        """The cells whose rows in the log do not sum up to what their keys were charged, with these rows."""
        today = datetime.now(timezone.utc).date()
        rows = {word: [] for word in self.charged}
        for row in self.gateway.spend_logs(today - timedelta(1), today):
            word = (row["metadata"]["user_api_key_alias"] or "").removesuffix("-laptop")
            rows.get(word, []).append(row)
        spent = {word: sum((row["spend"] for row in found), Decimal(0)) for word, found in rows.items()}
        return [(cell, rows[word]) for word, cell in self.charged.items() if spent[word] != cell.charged]

    def key_of(self, user, alias):
        """A new key of a user, who is made with the first of them."""
        return self.gateway.admin("POST", "/key/generate", {"user_id": user, "key_alias": alias})["key"]

    def family(self, name, model):
        """What the gateway says of a model, which it may list by a longer name."""
        named = re.compile(rf"{re.escape(model)}(-(v\d:)?\d+(:\d)?)?")
        (info,) = [info for listed, info in self.info.items() if named.fullmatch(listed)]
        return Family(name, model, info)
