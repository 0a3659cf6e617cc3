#!/usr/bin/env bash
# Users and API keys of a Stargate gateway from the command line. `stargate-users.sh help` says how.
#
# STARGATE_URL (or LITELLM_URL)                     the admin API; default http://127.0.0.1:4000
# STARGATE_MASTER_KEY (or LITELLM_MASTER_KEY)       the master key, in master-key mode
# STARGATE_ADMIN_SECRET (or ADMIN_HEADER_SECRET)    the second secret, where one is configured
#
# Without a master key, calls are signed with the AWS credentials of the environment (AWS_ACCESS_KEY_ID,
# AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION): IAM mode.
if [ -z "${BASH_VERSION:-}" ]; then
    echo "this script needs bash: run it as ./stargate-users.sh, or as bash stargate-users.sh" >&2
    exit 2
fi
set -euo pipefail
# Patterns below are about ASCII: a digit is 0 to 9.
LC_ALL=C

self=${0##*/}
url=${STARGATE_URL:-${LITELLM_URL:-http://127.0.0.1:4000}}
master_key=${STARGATE_MASTER_KEY:-${LITELLM_MASTER_KEY:-}}
admin_secret=${STARGATE_ADMIN_SECRET:-${ADMIN_HEADER_SECRET:-}}

help() {
    cat <<TEXT
Usage: $self COMMAND [OPTIONS]

Users
  create-user --email EMAIL [--budget USD] [--duration PERIOD] [--models MODELS]
  list-users
  get-user USER_ID
  delete-user USER_ID
  update-budget --user-id USER_ID --budget USD

API keys
  create-key [--alias NAME] [--budget USD] [--duration PERIOD] [--user-id USER_ID [--create-user]] [--models MODELS]
  list-keys
  delete-key KEY

  help

USD     dollars as a plain number: 50 or 12.5. Zero blocks; without --budget there is no limit.
PERIOD  how often the budget starts again: hourly, daily, weekly, monthly, yearly, or 30s 30m 24h 7d 2w 1mo 1y.
MODELS  names of models: claude-haiku-4-5,claude-sonnet-4-5 or '["claude-haiku-4-5"]'. Without it all are allowed.
KEY     the key (sk-...), its SHA-256 in hexadecimal, or its alias.

A user's e-mail address is its id as well. create-key asks before it makes a key for a user who does not exist;
--create-user says yes.
TEXT
}

fail() {
    echo "$self: $*" >&2
    exit 2
}

# usage_error TEXT: what is wrong with the arguments, and how the command is written.
usage_error() {
    echo "$self: $1" >&2
    help | grep "^  $command" >&2 || true
    exit 2
}

# Values are checked before anything is sent. What is checked here is not changed: `text` quotes it.

# check_text NAME VALUE: not empty, in one line.
check_text() {
    [ -n "$2" ] || fail "$1 must not be empty"
    case $2 in *[[:cntrl:]]*) fail "$1: control characters are not allowed" ;; esac
}

# check_budget NAME VALUE: a number as JSON has it, without sign and exponent.
check_budget() {
    [[ $2 =~ ^(0|[1-9][0-9]{0,11})([.][0-9]{1,12})?$ ]] ||
        fail "$1 must be a plain number of US dollars that is not negative, such as 50 or 12.5, not '$2'"
}

check_duration() {
    [[ $2 =~ ^(hourly|daily|weekly|monthly|yearly|[1-9][0-9]{0,8}(s|m|h|d|w|mo|y))$ ]] ||
        fail "$1 must be a period such as 30s 30m 24h 7d 30d 1mo 1y, or hourly, daily, weekly, monthly, yearly, not '$2'"
}

# check_models NAME VALUE: a JSON list of names, or names with commas between them. Leaves a JSON list in `models`.
check_models() {
    local wrong="$1 must be names of models, such as claude-haiku-4-5,claude-sonnet-4-5 or '[\"claude-haiku-4-5\"]', not '$2'"
    local rest=$2 item='^ *([^][ ",{}\\][^",{}\\]*)(,(.*))?$' listed="," list=""
    if [[ $rest =~ ^\ *\[\ *\]\ *$ ]]; then
        models="[]"
        return
    fi
    if [[ $rest =~ ^\ *\[\ *\"(.*)\]\ *$ ]]; then
        rest="\"${BASH_REMATCH[1]}"
        item='^ *"([^",{}\\]+)" *(,(.*))?$'
    fi
    while :; do
        [[ $rest =~ $item ]] || fail "$wrong"
        local name=${BASH_REMATCH[1]} more=${BASH_REMATCH[2]}
        rest=${BASH_REMATCH[3]:-}
        name=${name%"${name##*[! ]}"}
        [ -n "$name" ] || fail "$wrong"
        case $listed in *",$name,"*) fail "$1 has $name twice" ;; esac
        listed+="$name," list+="${list:+, }$(text "$name")"
        [ -n "$more" ] || break
    done
    models="[$list]"
}

# check_environment NAME VALUE: fits a line of curl's configuration.
check_environment() {
    case $2 in *[[:cntrl:]]*) fail "$1: control characters are not allowed" ;; esac
}

# text VALUE: as a JSON string, and as a quoted value of curl's configuration.
text() {
    local value=${1//\\/\\\\}
    printf '"%s"' "${value//\"/\\\"}"
}

# Who asks. On curl's standard input and not among its arguments, which every user of this machine may read.
credentials() {
    if [ -n "$master_key" ]; then
        printf 'header = %s\n' "$(text "Authorization: Bearer $master_key")"
        [ -z "$admin_secret" ] || printf 'header = %s\n' "$(text "X-Admin-Secret: $admin_secret")"
    else
        printf 'aws-sigv4 = %s\n' "$(text "aws:amz:${AWS_REGION:-${AWS_DEFAULT_REGION:-us-east-1}}:execute-api")"
        printf 'user = %s\n' "$(text "$AWS_ACCESS_KEY_ID:${AWS_SECRET_ACCESS_KEY:-}")"
        [ -z "${AWS_SESSION_TOKEN:-}" ] || printf 'header = %s\n' "$(text "x-amz-security-token: $AWS_SESSION_TOKEN")"
    fi
}

# Whether anybody can ask, before anything is sent.
check_credentials() {
    local name
    check_environment STARGATE_URL "$url"
    check_environment STARGATE_MASTER_KEY "$master_key"
    check_environment STARGATE_ADMIN_SECRET "$admin_secret"
    for name in AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_REGION AWS_DEFAULT_REGION; do
        check_environment "$name" "${!name:-}"
    done
    if [ -z "$master_key" ] && [ -z "${AWS_ACCESS_KEY_ID:-}" ]; then
        fail "set STARGATE_MASTER_KEY, or AWS credentials"
    fi
}

# request METHOD PATH [CURL OPTION..]: leaves the response in `status` and `response`.
request() {
    local method=$1 path=$2 config
    shift 2
    check_credentials
    config=$(credentials)
    response=$(curl --silent --show-error --globoff --config - --request "$method" "${url%/}$path" \
        --header "Content-Type: application/json" --write-out '\n%{http_code}' "$@" <<<"$config")
    status=${response##*$'\n'}
    response=${response%$'\n'*}
}

# Prints the last response; a refusal ends the script with status 1.
print_response() {
    if [ "$status" != 200 ]; then
        echo "$response" >&2
        exit 1
    fi
    if command -v jq >/dev/null; then jq . <<<"$response"; else echo "$response"; fi
}

call() {
    request "$@"
    print_response
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
    local allowed=" " given=" "
    while [ "$1" != -- ]; do
        allowed+="$1 "
        shift
    done
    shift
    while [ $# -gt 0 ]; do
        local name=${1#--}
        case $1 in --*) ;; *) usage_error "unexpected argument: $1" ;; esac
        case $allowed in *" $name "*) ;; *) usage_error "unknown option: $1" ;; esac
        case $given in *" $name "*) usage_error "$1 is given twice" ;; esac
        given+="$name "
        if [ "$name" = create-user ]; then
            create_user=yes
            shift
            continue
        fi
        [ $# -ge 2 ] || usage_error "$1 needs a value"
        case $2 in --*) usage_error "$1 needs a value, and $2 is an option" ;; esac
        check_text "$1" "$2"
        case $name in
        budget) check_budget "$1" "$2" ;;
        duration) check_duration "$1" "$2" ;;
        models) check_models "$1" "$2" ;;
        esac
        [ "$name" = models ] || printf -v "${name//-/_}" '%s' "$2"
        shift 2
    done
}

# no_arguments GIVEN..
no_arguments() {
    [ $# -eq 0 ] || usage_error "unexpected argument: $1"
}

# one_argument NAME GIVEN..: exactly one argument.
one_argument() {
    [ $# -ge 2 ] || usage_error "$1 must be given"
    [ $# -eq 2 ] || usage_error "unexpected argument: $3"
    case $2 in --*) usage_error "unknown option: $2" ;; esac
    check_text "$1" "$2"
}

# quoted VALUE: a JSON string, or nothing for nothing.
quoted() { [ -z "$1" ] || text "$1"; }

# ensure_user USER_ID: makes a user who does not exist only if that is wanted.
ensure_user() {
    request GET /user/info --get --data-urlencode "user_id=$1"
    case $status in
    200) return ;;
    404) ;;
    *) print_response ;;
    esac
    if [ -z "$create_user" ]; then
        if [ ! -t 0 ]; then
            fail "user $1 does not exist. Create it first (create-user), or give --create-user to create it without limits"
        fi
        local reply=""
        read -r -p "User $1 does not exist. Create it without limits? [y/N] " reply || true
        case $reply in [yY] | [yY][eE][sS]) ;; *) fail "user $1 does not exist: nothing was created" ;; esac
    fi
    request POST /user/new --data-raw "$(body user_id "$(text "$1")")"
    [ "$status" = 200 ] || print_response
}

email="" budget="" duration="" models="" alias="" user_id="" create_user="" status="" response=""
command=${1:-help}
[ $# -eq 0 ] || shift
case $command in
create-user)
    options email budget duration models -- "$@"
    [ -n "$email" ] || usage_error "--email must be given"
    call POST /user/new --data-raw "$(body user_id "$(text "$email")" user_email "$(text "$email")" \
        max_budget "$budget" budget_duration "$(quoted "$duration")" models "$models")"
    ;;
list-users)
    no_arguments "$@"
    call GET /user/list
    ;;
get-user)
    one_argument USER_ID "$@"
    call GET /user/info --get --data-urlencode "user_id=$1"
    ;;
delete-user)
    one_argument USER_ID "$@"
    call POST /user/delete --data-raw "{\"user_ids\": [$(text "$1")]}"
    ;;
update-budget)
    options user-id budget -- "$@"
    if [ -z "$user_id" ] || [ -z "$budget" ]; then usage_error "--user-id and --budget must be given"; fi
    call POST /user/update --data-raw "$(body user_id "$(text "$user_id")" max_budget "$budget")"
    ;;
create-key)
    options alias budget duration user-id create-user models -- "$@"
    if [ -n "$create_user" ] && [ -z "$user_id" ]; then usage_error "--create-user needs --user-id"; fi
    [ -z "$user_id" ] || ensure_user "$user_id"
    call POST /key/generate --data-raw "$(body key_alias "$(quoted "$alias")" max_budget "$budget" \
        budget_duration "$(quoted "$duration")" user_id "$(quoted "$user_id")" models "$models")"
    ;;
list-keys)
    no_arguments "$@"
    call GET /key/list
    ;;
delete-key)
    one_argument KEY "$@"
    case $1 in
    sk-...*) fail "$1 is what a list shows of a key: give the key itself, its hash (token_id in the list), or its alias" ;;
    sk-*) [[ $1 =~ ^sk-[^[:space:]]{8,}$ ]] || fail "$1 is no key: a key has at least 8 characters after sk-, and no blanks" ;;
    esac
    field=key_aliases
    if [[ $1 =~ ^sk- || $1 =~ ^[0-9a-f]{64}$ ]]; then field=keys; fi
    call POST /key/delete --data-raw "{\"$field\": [$(text "$1")]}"
    ;;
help | --help | -h)
    [ $# -eq 0 ] || fail "unexpected argument: $1"
    help
    ;;
*)
    help >&2
    fail "unknown command: $command"
    ;;
esac
