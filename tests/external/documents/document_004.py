"""Document 004: internal users who serve themselves: the commands, and the steps that follow them by hand."""

import datetime

from answers import SECRET, SOME_TEXT, Is, expect, in_days, moment, only
from entities import makes_a_user
from replay import printed, request

PRINTED = printed("004")
PASSWORD = "correct horse battery staple"


def call(document, method, path, body=None, token=None):
    """A call of somebody who is no administrator, by a token or by none; it must succeed."""
    bearer = {"Authorization": f"Bearer {token}"} if token else {}
    status, answer, _ = request(document.gateway.port, method, path, body, **bearer)
    assert status == 200, f"{method} {path}: {status} {answer}"
    return answer


def create_internal_user(document, name):
    answer = makes_a_user(document, name)
    expect(answer, {**PRINTED[name], "user_id": SOME_TEXT, "user_email": "krrishdholakia@gmail.com"})
    document.user = answer["user_id"]


def invite_user(document, name):
    answer = document.answer(name, USER_ID=document.user)
    seven_days = Is("seven days after it was made", lambda at: at and at - created == datetime.timedelta(days=7))
    created = moment(answer["created_at"])
    wanted = {**PRINTED[name], "id": SOME_TEXT, "user_id": document.user, "expires_at": in_days(7)}
    # LiteLLM's master key acts as a user, whose id the document prints; here it is called what it is.
    wanted |= {"created_by": "master key", "updated_by": "master key"}
    expect(answer, {**wanted, "created_at": in_days(0), "updated_at": answer["created_at"]})
    expect(moment(answer["expires_at"]), seven_days)
    assert set(answer) == set(PRINTED[name]), f"the fields that the document prints, not {sorted(answer)}"
    invited_user_serves_themselves(document, answer["id"])


def invited_user_serves_themselves(document, invitation):
    """Steps 3 and 4: the link is opened, a password is chosen, and the user makes, sees and deletes their own keys."""
    opened = call(document, "GET", f"/onboarding/get_token?invite_link={invitation}")
    expect(opened, {"user_email": "krrishdholakia@gmail.com"})
    claim = {"invitation_link": invitation, "user_id": document.user, "password": PASSWORD}
    call(document, "POST", "/onboarding/claim_token", claim, opened["token"])
    login = {"username": "krrishdholakia@gmail.com", "password": PASSWORD}
    session = call(document, "POST", "/v2/login", login)["token"]
    made = call(document, "POST", "/key/generate", {"key_alias": "my own"}, session)
    expect(made, {"key": SECRET, "user_id": document.user})
    listed = call(document, "GET", "/key/list", token=session)["keys"]
    expect(only(listed, key_alias="my own"), {"user_id": document.user, "spend": 0})
    expect(call(document, "GET", "/user/info", token=session), {"user_id": document.user, "spend": 0})
    call(document, "POST", "/key/delete", {"keys": [made["key"]]}, session)
    expect(call(document, "GET", "/key/list", token=session)["keys"], [])
    # "Cannot add new users."
    bearer = {"Authorization": f"Bearer {session}"}
    status, _, _ = request(document.gateway.port, "POST", "/user/new", {"user_id": "another"}, **bearer)
    assert status in (401, 403), f"an internal user adds no users: {status}"


def create_team(document, name):
    answer = document.answer(name)
    stored = {**document.sent(name), "models": [], "max_budget": None, "spend": 0, "blocked": False}
    expect(answer, stored)
    info = document.admin("GET", "/team/info?team_id=team_id_1")
    expect(info, {"team_id": "team_id_1", "team_info": stored, "keys": []})
    listed = document.admin("GET", "/team/list")
    expect(only(listed, team_id="team_id_1"), stored)
    expect(document.refused(name, 409), {"error": {"code": 409}})


COMMANDS = {
    "create_internal_user": create_internal_user,
    "invite_user": invite_user,
    "create_team": create_team,
}
