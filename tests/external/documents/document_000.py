"""Document 000: users and quotas. Its figures (12.50 dollars spent, 1500 tokens for 0.0012) come of real requests."""

from decimal import Decimal

from answers import SECRET, SOME_TEXT, expect, in_days, moment, next_month, now, only
from client import HAIKU, ask, spend
from entities import (
    is_revoked,
    is_taken,
    is_the_key,
    is_the_user,
    key_of,
    listed_user,
    makes_a_key,
    makes_a_user,
    make_room_for_key,
    make_room_for_user,
    may_use,
)
from replay import parsed, printed

PRINTED = printed("000")
HAIKU_AND_SONNET = ["claude-haiku-4-5", "claude-sonnet-4-5"]


def chat_completions(document, name):
    key = key_of(document, "chats@example.com")
    (answer,) = document.answers(name, KEY=key)
    expect(answer[0], 200)
    expect(answer[1], {"choices": [{"message": {"role": "assistant", "content": SOME_TEXT}}]})


def create_user(document, name):
    answer = makes_a_user(document, name)
    expect(answer, PRINTED[name])
    # An account and its keys are made apart, as the document does it.
    expect(answer, {"key": ""})


def list_users(document, name):
    anna = {"user_id": "anna.verdi@company.com", "max_budget": 100, "budget_duration": "monthly"}
    document.admin("POST", "/user/new", anna)
    for user in PRINTED[name]["users"]:
        spend(document, key_of(document, user["user_id"]), user["spend"])
    listed = document.answer(name)["users"]
    for user in PRINTED[name]["users"]:
        expect(only(listed, user_id=user["user_id"]), user)


def mario_rossi(document):
    """The user as made, and as the spending of `list_users` left it."""
    return {**document.sent("create_user"), "user_role": "internal_user", "spend": Decimal("12.5")}


def user_info(document, name):
    answer = document.answer(name)
    stored = {**mario_rossi(document), "budget_reset_at": next_month()}
    # The document prints flat fields, LiteLLM's clients read `user_info`: both are there.
    expect(answer, {**stored, "user_info": stored, "teams": []})
    expect([key["user_id"] for key in answer["keys"]], ["mario.rossi@company.com"])


def update_user(document, name):
    answer = document.answer(name)
    changed = {**mario_rossi(document), **document.sent(name)}
    expect(answer, {"user_id": "mario.rossi@company.com", "data": changed})
    expect(listed_user(document, "mario.rossi@company.com"), changed)


def delete_user(document, name):
    key = key_of(document, "mario.rossi@company.com")
    expect(document.answer(name), {"deleted_users": 1, "user_ids": ["mario.rossi@company.com"]})
    is_revoked(document, key)
    status, answer = document.gateway.call("GET", "/user/info?user_id=mario.rossi@company.com")
    expect((status, answer["error"]["code"]), (404, 404))
    expect(document.refused(name, 404), {"error": {"code": 404}})


def generate_key(document, name):
    make_room_for_key(document, document.sent(name))
    answer = document.answer(name)
    # key_name is the masked secret, as LiteLLM has it; the alias that the document prints there is key_alias.
    named = {"key_name": f"sk-...{answer['key'][-4:]}", "key_alias": "mario-laptop"}
    expect(answer, {**PRINTED[name], **named, "key": SECRET, "expires": in_days(30)})
    is_the_key(document, answer, document.sent(name), expires=in_days(30))
    document.keys["mario-laptop"] = answer["key"]
    is_taken(document, name, "mario-laptop")


def list_keys(document, name):
    (wanted,) = PRINTED[name]["keys"]
    spend(document, document.keys["mario-laptop"], wanted["spend"])
    listed = only(document.answer(name)["keys"], key_alias="mario-laptop")
    expect(listed, {**wanted, "token": f"sk-...{document.keys['mario-laptop'][-4:]}", "expires": in_days(30)})


def revoke_key(document, name):
    key = document.keys["mario-laptop"]
    expect(document.answer(name, KEY=key), {"deleted_keys": [key]})
    is_revoked(document, key)
    assert key[-4:] not in [listed["token"][-4:] for listed in document.admin("GET", "/key/list?size=100")["keys"]]
    expect(document.refused(name, 404, KEY=key), {"error": {"code": 404}})


def rate_limits(document, name):
    # The document makes mario@company.com here for the second time; LiteLLM refuses that too.
    is_taken(document, name, "mario@company.com")
    makes_a_user(document, name)
    _, _, headers = ask(document, key_of(document, "mario@company.com"))
    for limit in ["x-ratelimit-limit-requests", "anthropic-ratelimit-requests-limit"]:
        expect({limit: headers[limit]}, {limit: "50"})
    for limit in ["x-ratelimit-limit-tokens", "anthropic-ratelimit-tokens-limit"]:
        expect({limit: headers[limit]}, {limit: "50000"})


def update_models(document, name):
    answer = document.answer(name)
    changed = {**document.sent("junior_profile"), **document.sent(name)}
    expect(answer, {"user_id": "junior@company.com", "data": changed})
    expect(listed_user(document, "junior@company.com"), changed)
    may_use(document, key_of(document, "junior@company.com"), HAIKU_AND_SONNET)


def check_models(document, name):
    expect(document.answer(name), {"models": HAIKU_AND_SONNET, "max_budget": 20})
    # The document prints the user as it was before Sonnet was added.
    makes_a_user(document, "junior_profile")
    spend(document, key_of(document, "junior@company.com"), PRINTED[name]["spend"], haiku_only=True)
    expect(document.answer(name), PRINTED[name])


def user_spend(document, name):
    # As the user was made under "Budget", before the limits of a minute.
    makes_a_user(document, "budget")
    spend(document, key_of(document, "mario@company.com"), PRINTED[name]["spend"])
    expect(document.answer(name), {**PRINTED[name], "budget_reset_at": next_month()})


def spend_logs(document, name):
    (wanted,) = PRINTED[name]["spend_logs"]
    usage = {"input_tokens": 1134, "cache_read": 360, "output_tokens": 6}
    expect((sum(usage.values()), sum(HAIKU[kind] * count for kind, count in usage.items())), (1500, wanted["spend"]))
    # The text is as long as the usage says: no request costs more than its bytes could.
    key = document.keys["check-mario@company.com"]
    status, answer, headers = ask(document, key, words="word " * 400, **usage)
    assert status == 200, f"a request within the limits: {status} {answer}"
    expect(Decimal(headers["x-stargate-cost"]), wanted["spend"])
    answer = document.answer(name)
    row = only(answer["spend_logs"], request_id=headers["request-id"].removeprefix("req_"))
    expect(row, {**wanted, "timestamp": in_days(0)})
    assert all(moment(row["timestamp"]) <= now() for row in answer["spend_logs"]), "no call is in the future"


def spend_by_model(document, name):
    # Nothing was spent in the month that the document names.
    expect(document.answer(name), [])
    today = now().date()
    tags = document.admin("GET", f"/spend/tags?start_date={today.replace(day=1)}&end_date={today}")
    logs = document.admin("GET", "/spend/logs")["spend_logs"]
    # LiteLLM's report is by tag; that every call has its model as a tag makes it the document's report by model.
    for model in HAIKU_AND_SONNET:
        costs = [row["spend"] for row in logs if row["model"] == model and row["status"] == "success"]
        assert costs, f"calls of {model} in the log"
        wanted = {"log_count": len(costs), "total_spend": sum(costs)}
        expect(only(tags, individual_request_tag=f"model:{model}"), wanted)


def check_configuration(document, name):
    answer = document.answer(name, KEY=document.keys["claude-code-dev"])
    expect(sorted(model["id"] for model in answer["data"]), HAIKU_AND_SONNET)


def team_users(document, name):
    answers = document.answers(name)
    limits = {"max_budget": 50, "budget_duration": "monthly", "models": HAIKU_AND_SONNET}
    users = [f"dev{number}@company.com" for number in (1, 2, 3)]
    expect([status for status, _ in answers], [200, 200, 200])
    for user, (_, answer) in zip(users, answers):
        is_the_user(document, answer, {"user_id": user, **limits})


def script_create_user(document, name):
    make_room_for_user(document, {"user_id": "mario@company.com"})
    ended = document.succeeds(name)
    user, key = [parsed(line) for line in ended.stdout.splitlines()]
    sent = {"user_id": "mario@company.com", "user_email": "mario@company.com", "max_budget": 100}
    sent |= {"budget_duration": "monthly", "models": HAIKU_AND_SONNET}
    is_the_user(document, user, sent, keys=["mario-default"])
    sent = {"user_id": "mario@company.com", "key_alias": "mario-default"}
    is_the_key(document, key, sent, expires=in_days(90), usable=HAIKU_AND_SONNET)


def script_usage_report(document, name):
    ended = document.succeeds(name)
    title, empty, *lines = ended.stdout.splitlines()
    expect((title, empty), ("=== User Spend Report ===", ""))
    expect(len(lines), len(document.admin("GET", "/user/list?page_size=100")["users"]))
    # A user without a budget has a very large one here: the script divides by it.
    for line in ["anna.verdi@company.com: $5.2/100 (5%)", "user@example.com: $0/1000000000000 (0%)"]:
        assert line in lines, f"a line {line!r}"


COMMANDS = {
    "chat_completions": chat_completions,
    "user_new_with_both_headers": makes_a_user,
    "create_user": create_user,
    "list_users": list_users,
    "user_info": user_info,
    "update_user": update_user,
    "delete_user": delete_user,
    "generate_key": generate_key,
    "list_keys": list_keys,
    "revoke_key": revoke_key,
    "budget": makes_a_user,
    "rate_limits": rate_limits,
    "model_limits": makes_a_user,
    "junior_profile": makes_a_user,
    "senior_profile": makes_a_user,
    "update_models": update_models,
    "check_models": check_models,
    "user_spend": user_spend,
    "spend_logs": spend_logs,
    "spend_by_model": spend_by_model,
    "developer_key": makes_a_key,
    "check_configuration": check_configuration,
    "team_users": team_users,
    "strict_limits": makes_a_user,
    "power_user": makes_a_user,
    "script_create_user": script_create_user,
    "script_usage_report": script_usage_report,
}
