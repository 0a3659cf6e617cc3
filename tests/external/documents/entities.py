"""Users and keys that a command makes: answered as sent, stored as answered, and good for the models they have."""

import hashlib

from answers import SECRET, SOME_TEXT, expect, in_any_order, next_month, only

LIMITS = ["max_budget", "tpm_limit", "rpm_limit"]
ROLES = {"user": "internal_user", "admin": "proxy_admin"}
RESET = {None: None, "monthly": next_month()}


def terms(sent):
    """The limits that were sent, and none where none was."""
    duration = sent.get("budget_duration")
    limits = {name: sent.get(name) for name in LIMITS} | {"models": in_any_order(sent.get("models", []))}
    return {**limits, "budget_duration": duration, "budget_reset_at": RESET[duration], "spend": 0, "blocked": False}


def makes_a_user(document, name, **variables):
    sent = document.sent(name, **variables)
    make_room_for_user(document, sent)
    answer = document.answer(name, **variables)
    is_the_user(document, answer, sent, by_script=document.commands[name].startswith("./"))
    return answer


def is_the_user(document, answer, sent, by_script=False, keys=()):
    """A new user, with those keys by now, is answered and shown with everything that was sent."""
    email = sent.get("user_email")
    # The script has no option for an id: the address is the id as well. Otherwise one is made up.
    wanted = {"user_id": sent.get("user_id", email if by_script else SOME_TEXT), "user_email": email, **terms(sent)}
    role = sent.get("user_role", "internal_user")
    expect(answer, {**wanted, "user_role": role, "teams": []})
    # Document 000 sends the role "user" and prints it back; it is LiteLLM's internal_user, as every other answer says.
    stored = {**wanted, "user_id": answer["user_id"], "user_role": ROLES.get(role, role)}
    info = document.admin("GET", f"/user/info?user_id={answer['user_id']}")
    expect(info, {**stored, "user_info": stored, "teams": []})
    expect([key["key_alias"] for key in info["keys"]], list(keys))
    expect(listed_user(document, answer["user_id"]), stored)
    key = key_of(document, answer["user_id"])
    may_use(document, key, sent.get("models"))
    document.admin("POST", "/key/delete", {"keys": [key]})


def makes_a_key(document, name, **variables):
    sent = document.sent(name, **variables)
    make_room_for_key(document, sent)
    answer = document.answer(name, **variables)
    is_the_key(document, answer, sent)
    document.keys[sent["key_alias"]] = answer["key"]
    return answer


def is_the_key(document, answer, sent, expires=None, usable=None):
    """A new key is answered and shown with everything that was sent, works, and its secret is shown once.

    What it may use are its models, or `usable` where its user's are fewer.
    """
    expect(answer, {"key": SECRET})
    secret = answer["key"]
    # Document 000 prints the alias as key_name; LiteLLM's key_name is the masked secret, and the alias is key_alias.
    shown = {"key_name": f"sk-...{secret[-4:]}", "key_alias": sent["key_alias"], "user_id": sent.get("user_id")}
    wanted = {**shown, **terms(sent), "expires": expires}
    hashed = hashlib.sha256(secret.encode()).hexdigest()
    expect(answer, {**wanted, "token_id": hashed})
    listed = listed_key(document, sent["key_alias"])
    # As document 000 prints it; LiteLLM's hash is beside it.
    expect(listed, {**wanted, "token": f"sk-...{secret[-4:]}", "token_id": hashed})
    info = document.admin("GET", f"/key/info?key={secret}")
    expect(info["info"], wanted)
    if sent.get("user_id"):
        listed_user(document, sent["user_id"])  # LiteLLM makes a user that it does not know
    assert secret not in f"{listed} {info['info']}", "a secret is shown once only"
    may_use(document, secret, usable or sent.get("models"))


def may_use(document, key, models):
    """A key lists the models it was given; all of them where none was named."""
    catalogue = document.models(key_of(document, None))[1]
    assert "claude-opus-4-5" in catalogue, catalogue
    status, listed = document.models(key)
    expect((status, sorted(listed)), (200, sorted(models or catalogue)))


def key_of(document, user):
    """A key without limits of its own, for what a check asks besides the document's commands."""
    name = f"check-{user or 'nobody'}"
    if user is None and name in document.keys:
        return document.keys[name]
    make_room_for_key(document, {"key_alias": name})
    document.keys[name] = document.admin("POST", "/key/generate", {"user_id": user, "key_alias": name})["key"]
    return document.keys[name]


def is_revoked(document, key):
    status, listed = document.models(key)
    assert (status, listed) == (401, []), f"a key that is no more is a 401, not {status}"


def listed_user(document, user):
    return only(document.admin("GET", "/user/list?page_size=100")["users"], user_id=user)


def listed_key(document, alias):
    return only(document.admin("GET", "/key/list?size=100")["keys"], key_alias=alias)


# The documents make some users and aliases several times over, as examples apart: one must go before the next. That the
# second of a name is refused is a check of its own.


def make_room_for_user(document, sent):
    names = {sent.get("user_id"), sent.get("user_email")} - {None}
    users = document.admin("GET", "/user/list?page_size=100")["users"]
    taken = [user["user_id"] for user in users if names & {user["user_id"], user["user_email"]}]
    if taken:
        document.admin("POST", "/user/delete", {"user_ids": taken})


def make_room_for_key(document, sent):
    keys = document.admin("GET", "/key/list?size=100")["keys"]
    if sent["key_alias"] in [key["key_alias"] for key in keys]:
        document.admin("POST", "/key/delete", {"key_aliases": [sent["key_alias"]]})


def is_taken(document, name, part, **variables):
    """The second of a name is a conflict that says so."""
    answer = document.refused(name, 409, **variables)
    expect(answer, {"error": {"type": "invalid_request_error", "code": 409}})
    assert part in answer["error"]["message"], f"{part!r} in the message"
