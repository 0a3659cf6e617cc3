"""The errors that document 000 prints ("Errori Comuni"), each provoked by a real request, and its second secret."""

from decimal import Decimal

from answers import expect
from client import ask, spend
from entities import key_of, make_room_for_user, makes_a_user
from replay import printed, request

PRINTED = printed("000")
PATH = "/v1/chat/completions"


def is_the_error(answer, name):
    """An error as the document prints it. More may follow its text."""
    status, body = answer[0], answer[1]
    wanted = PRINTED[name]["error"]
    expect(status, wanted["code"])
    assert body["error"]["message"].startswith(wanted["message"]), f"a message that begins with {wanted['message']!r}"
    expect(body, {"error": {"type": wanted["type"], "code": wanted["code"]}})


def budget_exceeded(document):
    makes_a_user(document, "budget")
    key = key_of(document, "mario@company.com")
    spend(document, key, Decimal("0.6"))
    document.admin("POST", "/user/update", {"user_id": "mario@company.com", "max_budget": 0.6})
    answer = ask(document, key, path=PATH)
    is_the_error(answer, "Budget Exceeded")
    assert "$0.60 spent of $0.60" in answer[1]["error"]["message"], "what was spent, and of how much"
    expect(answer[2]["x-should-retry"], "false")
    assert int(answer[2]["retry-after"]) > 0, "the seconds until the budget starts again"


def rate_limit_exceeded(document):
    make_room_for_user(document, document.sent("rate_limits"))
    document.answer("rate_limits")
    key = key_of(document, "mario@company.com")
    # The minute may end between the first and the last request: then twice as many pass at most.
    for passed in range(101):
        answer = ask(document, key, path=PATH)
        if answer[0] != 200:
            break
    is_the_error(answer, "Rate Limit Exceeded")
    assert passed >= 50, f"50 requests pass, not {passed}"
    assert 0 < int(answer[2]["retry-after"]) <= 60, "the seconds until the minute ends"


def model_not_allowed(document):
    makes_a_user(document, "budget")
    answer = ask(document, key_of(document, "mario@company.com"), "claude-opus-4-5", path=PATH)
    is_the_error(answer, "Model Not Allowed")


def invalid_api_key(document):
    is_the_error(ask(document, "sk-nobodys", path=PATH), "Invalid API Key")
    answer = request(document.gateway.port, "GET", "/user/list", Authorization="Bearer sk-nobodys")
    is_the_error(answer, "Invalid API Key")


def wrong_admin_secret(document):
    """Every command with the second secret is refused where it is another or none, and changes nothing."""

    def state():
        return [document.admin("GET", path) for path in ("/user/list?page_size=100", "/key/list?size=100")]

    before = state()
    guarded = [name for name, text in document.commands.items() if "X-Admin-Secret" in text]
    assert len(guarded) == 23, f"{len(guarded)} commands send the second secret"
    for name in guarded:
        # curl leaves a header without a value out.
        for wrong in [{"ADMIN_SECRET": "another secret"}, {"ADMIN_SECRET": ""}, {"MASTER_KEY": "sk-nobodys"}]:
            for answer in document.answers(name, KEY="sk-nobodys", **wrong):
                is_the_error(answer, "Invalid API Key")
    expect(state(), before)


ERRORS = [budget_exceeded, rate_limit_exceeded, model_not_allowed, invalid_api_key, wrong_admin_secret]
