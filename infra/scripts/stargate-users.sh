#!/usr/bin/env bash
# Users and API keys of a Stargate gateway from the command line. `stargate-users.sh help` says how.
#
# STARGATE_URL (or LITELLM_URL)                     the admin API; default http://127.0.0.1:4000
# STARGATE_MASTER_KEY (or LITELLM_MASTER_KEY)       the master key, in master-key mode
# STARGATE_ADMIN_SECRET (or ADMIN_HEADER_SECRET)    the second secret, where one is configured
#
# Without a master key, calls are signed with the AWS credentials of the environment (AWS_ACCESS_KEY_ID,
# AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION): IAM mode.
set -euo pipefail

url=${STARGATE_URL:-${LITELLM_URL:-http://127.0.0.1:4000}}
master_key=${STARGATE_MASTER_KEY:-${LITELLM_MASTER_KEY:-}}
admin_secret=${STARGATE_ADMIN_SECRET:-${ADMIN_HEADER_SECRET:-}}

help() {
    cat <<'TEXT'
Usage: stargate-users.sh COMMAND [OPTIONS]

Users
  create-user --email EMAIL [--budget USD] [--duration PERIOD] [--models JSON]
  list-users
  get-user USER_ID
  delete-user USER_ID
  update-budget --user-id USER_ID --budget USD

API keys
  create-key [--alias NAME] [--budget USD] [--duration PERIOD] [--user-id USER_ID] [--models JSON]
  list-keys
  delete-key KEY

  help

PERIOD is how often the budget starts again: daily, weekly, monthly, yearly, or 30d, 24h ...
JSON is a list of model names, such as '["claude-haiku-4-5"]'; without it all models are allowed.

A user's e-mail address is its id as well.
TEXT
}

fail() {
    echo "stargate-users.sh: $*" >&2
    exit 2
}

# plain VALUE: refuses what a JSON string would need more than backslashes for. Asked before anything is sent: a failure
# inside `$(..)` would only leave a field out.
plain() {
    case $1 in *[[:cntrl:]]*) fail "control characters are not allowed" ;; esac
}

# text VALUE: as a JSON string.
text() {
    local value=${1//\\/\\\\}
    printf '"%s"' "${value//\"/\\\"}"
}

# escaped VALUE: for a line of curl's configuration.
escaped() {
    local value=${1//\\/\\\\}
    printf '%s' "${value//\"/\\\"}"
}

# Who asks. On curl's standard input and not among its arguments, which every user of this machine may read.
credentials() {
    if [ -n "$master_key" ]; then
        printf 'header = "Authorization: Bearer %s"\n' "$(escaped "$master_key")"
        [ -z "$admin_secret" ] || printf 'header = "X-Admin-Secret: %s"\n' "$(escaped "$admin_secret")"
    elif [ -n "${AWS_ACCESS_KEY_ID:-}" ]; then
        printf 'aws-sigv4 = "aws:amz:%s:execute-api"\n' "${AWS_REGION:-${AWS_DEFAULT_REGION:-us-east-1}}"
        printf 'user = "%s:%s"\n' "$AWS_ACCESS_KEY_ID" "$(escaped "${AWS_SECRET_ACCESS_KEY:-}")"
        [ -z "${AWS_SESSION_TOKEN:-}" ] || printf 'header = "x-amz-security-token: %s"\n' "$AWS_SESSION_TOKEN"
    else
        fail "set STARGATE_MASTER_KEY, or AWS credentials"
    fi
}

# call METHOD PATH [CURL OPTION..]: prints the answer; a refusal ends the script with status 1.
call() {
    local method=$1 path=$2 config answer status
    shift 2
    config=$(credentials)
    answer=$(curl --silent --show-error --config - --request "$method" "${url%/}$path" \
        --header "Content-Type: application/json" --write-out '\n%{http_code}' "$@" <<<"$config")
    status=${answer##*$'\n'}
    answer=${answer%$'\n'*}
    if [ "$status" != 200 ]; then
        echo "$answer" >&2
        exit 1
    fi
    if command -v jq >/dev/null; then jq . <<<"$answer"; else echo "$answer"; fi
}

# body FIELD JSON..: an object of the fields that have a value.
body() {
    local joined=""
    while [ $# -gt 0 ]; do
        [ -z "$2" ] || joined+="${joined:+, }\"$1\": $2"
        shift 2
    done
    printf '{%s}' "$joined"
}

# options ALLOWED.. -- GIVEN..: reads --name value into the variables of the same names.
options() {
    local allowed=" "
    while [ "$1" != -- ]; do
        allowed+="$1 "
        shift
    done
    shift
    while [ $# -gt 0 ]; do
        local name=${1#--}
        case $1 in --*) ;; *) fail "unexpected argument: $1" ;; esac
        case $allowed in *" $name "*) ;; *) fail "unknown option: $1" ;; esac
        [ $# -ge 2 ] || fail "$1 needs a value"
        plain "$2"
        printf -v "${name//-/_}" '%s' "$2"
        shift 2
    done
}

# only USAGE GIVEN..: exactly one argument.
only() {
    [ $# -eq 2 ] || fail "usage: $1"
    plain "$2"
}

# quoted VALUE: a JSON string, or nothing for nothing.
quoted() { [ -z "$1" ] || text "$1"; }

email="" budget="" duration="" models="" alias="" user_id=""
command=${1:-help}
[ $# -eq 0 ] || shift
case $command in
create-user)
    options email budget duration models -- "$@"
    [ -n "$email" ] || fail "--email must be given"
    call POST /user/new --data "$(body user_id "$(text "$email")" user_email "$(text "$email")" \
        max_budget "$budget" budget_duration "$(quoted "$duration")" models "$models")"
    ;;
list-users) call GET /user/list ;;
get-user)
    only "get-user USER_ID" "$@"
    call GET /user/info --get --data-urlencode "user_id=$1"
    ;;
delete-user)
    only "delete-user USER_ID" "$@"
    call POST /user/delete --data "{\"user_ids\": [$(text "$1")]}"
    ;;
update-budget)
    options user-id budget -- "$@"
    if [ -z "$user_id" ] || [ -z "$budget" ]; then fail "--user-id and --budget must be given"; fi
    call POST /user/update --data "$(body user_id "$(text "$user_id")" max_budget "$budget")"
    ;;
create-key)
    options alias budget duration user-id models -- "$@"
    call POST /key/generate --data "$(body key_alias "$(quoted "$alias")" max_budget "$budget" \
        budget_duration "$(quoted "$duration")" user_id "$(quoted "$user_id")" models "$models")"
    ;;
list-keys) call GET /key/list ;;
delete-key)
    only "delete-key KEY" "$@"
    call POST /key/delete --data "{\"keys\": [$(text "$1")]}"
    ;;
help | --help | -h) help ;;
*)
    help >&2
    fail "unknown command: $command"
    ;;
esac
