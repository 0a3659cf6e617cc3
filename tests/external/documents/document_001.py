"""Documents 001 and 002: the same guide in two languages. Its script is ours, under LiteLLM's name."""

from decimal import Decimal

from answers import expect, only
from entities import is_revoked, is_taken, key_of, listed_user, makes_a_key, makes_a_user


def help_is_shown(document, name):
    shown = document.succeeds(name)
    users = ["create-user", "list-users", "get-user", "delete-user", "update-budget"]
    keys = ["create-key", "list-keys", "delete-key"]
    options = ["--email", "--budget", "--duration", "--models", "--user-id", "--alias"]
    for word in users + keys + options:
        assert word in shown.stdout, f"{word} in the help"


def basic_user(document, name):
    # The guide makes user@example.com over and over; LiteLLM refuses the second too.
    is_taken(document, name, "user@example.com")
    makes_a_user(document, name)


def list_users(document, name):
    document.admin("POST", "/user/update", {"user_id": "user@example.com", "max_budget": 70.5})
    listed = only(document.answer(name)["users"], user_id="user@example.com")
    expect(listed, {"user_email": "user@example.com", "max_budget": Decimal("70.5"), "spend": 0})


def get_user(document, name):
    sent = document.sent("user_with_models")
    stored = {"user_id": "dev@example.com", **sent, "spend": 0}
    expect(document.answer(name, USER_ID="dev@example.com"), {**stored, "user_info": stored, "keys": [], "teams": []})
    expect(document.refused(name, 404, USER_ID="nobody@example.com"), {"error": {"code": 404}})


def delete_user(document, name):
    key = key_of(document, "dev@example.com")
    answer = document.answer(name, USER_ID="dev@example.com")
    expect(answer, {"deleted_users": 1, "user_ids": ["dev@example.com"]})
    is_revoked(document, key)
    expect(document.gateway.call("GET", "/user/info?user_id=dev@example.com")[0], 404)


def update_budget(document, name):
    answer = document.answer(name, USER_ID="user@example.com")
    expect(answer, {"user_id": "user@example.com", "data": {"max_budget": 100, "user_email": "user@example.com"}})
    expect(listed_user(document, "user@example.com"), {"max_budget": 100})


def key_with_a_budget(document, name):
    # The script's --duration is how often the budget starts again, not how long the key lives.
    expect(makes_a_key(document, name), {"budget_duration": "monthly", "expires": None})


def key_of_a_user(document, name):
    makes_a_key(document, name, USER_ID="user@example.com")
    info = document.admin("GET", "/user/info?user_id=user@example.com")
    expect(only(info["keys"], key_alias="laptop-key"), {"user_id": "user@example.com"})


def list_keys(document, name):
    listed = document.answer(name)["keys"]
    expect(only(listed, key_alias="laptop-key"), {"user_id": "user@example.com", "models": []})
    expect(only(listed, key_alias="haiku-only"), {"models": ["claude-haiku-4-5"], "max_budget": 10, "user_id": None})


def delete_key(document, name):
    key = document.keys["haiku-only"]
    expect(document.answer(name, KEY=key), {"deleted_keys": [key]})
    is_revoked(document, key)
    assert "haiku-only" not in [listed["key_alias"] for listed in document.admin("GET", "/key/list?size=100")["keys"]]


def curl_list_users(document, name):
    expect(only(document.answer(name)["users"], user_email="user@example.com"), {"max_budget": 50})
    expect(document.refused(name, 401, LITELLM_MASTER_KEY="sk-nobodys"), {"error": {"type": "invalid_api_key"}})


COMMANDS = {
    "help": help_is_shown,
    "first_user": makes_a_user,
    "first_key": makes_a_key,
    "first_list": list_users,
    "basic_user": basic_user,
    "user_with_a_monthly_budget": makes_a_user,
    "user_with_models": makes_a_user,
    "list_users": list_users,
    "get_user": get_user,
    "delete_user": delete_user,
    "update_budget": update_budget,
    "key_with_a_budget": key_with_a_budget,
    "key_of_a_user": key_of_a_user,
    "key_with_models": makes_a_key,
    "list_keys": list_keys,
    "delete_key": delete_key,
    "haiku_user": makes_a_user,
    "haiku_and_sonnet_user": makes_a_user,
    "all_models_user": makes_a_user,
    "testing_key": makes_a_key,
    "production_key": makes_a_key,
    "lead_developer": makes_a_user,
    "developer": makes_a_user,
    "intern": makes_a_user,
    "development_environment_key": makes_a_key,
    "staging_environment_key": makes_a_key,
    "production_environment_key": makes_a_key,
    "curl_create_user": makes_a_user,
    "curl_generate_key": makes_a_key,
    "curl_list_users": curl_list_users,
}

