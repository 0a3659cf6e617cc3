# Document 004 (self-serve of internal users): every command, as it stands there but for the variables.
# PROXY_BASE_URL and PROXY_MASTER_KEY are where it has <PROXY_BASE_URL> and <PROXY_MASTER_KEY> (single quotes around
# them are double ones here), USER_ID is where it makes up an id. Two mistakes of the document are put right: its `-D`,
# which lets curl write headers to a file, is `-d`, and the remarks inside its JSON are left out.
# What it prints as their answers is in 004.json.

# create_internal_user
curl -X POST "$PROXY_BASE_URL/user/new" \
-H "Authorization: Bearer $PROXY_MASTER_KEY" \
-H 'Content-Type: application/json' \
-d '{
    "user_email": "krrishdholakia@gmail.com",
    "user_role": "internal_user"
}'

# invite_user
curl -X POST "$PROXY_BASE_URL/invitation/new" \
-H "Authorization: Bearer $PROXY_MASTER_KEY" \
-H 'Content-Type: application/json' \
-d '{
    "user_id": "'"$USER_ID"'"
}'

# create_team
curl -X POST "$PROXY_BASE_URL/team/new" \
-H "Authorization: Bearer $PROXY_MASTER_KEY" \
-H 'Content-Type: application/json' \
-d '{
    "team_alias": "team_1",
    "team_id": "team_id_1"
}'
