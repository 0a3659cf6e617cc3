# Document 001 (the user management guide, Italian): every command, as it stands there but for the variables.
# LITELLM_URL is where its curl lines say https://d18l8nt8fin3hz.cloudfront.net;
# USER_ID and KEY where it makes up an id or a key. `cd scripts/` is the working directory.

# help
./litellm-users.sh help

# first_user
./litellm-users.sh create-user --email user@example.com --budget 50

# first_key
./litellm-users.sh create-key --alias "user-laptop"

# first_list
./litellm-users.sh list-users

# basic_user
./litellm-users.sh create-user --email user@example.com

# user_with_a_monthly_budget
./litellm-users.sh create-user \
  --email user@example.com \
  --budget 50 \
  --duration monthly

# user_with_models
./litellm-users.sh create-user \
  --email dev@example.com \
  --budget 10 \
  --models '["claude-haiku-4-5"]'

# list_users
./litellm-users.sh list-users

# get_user
./litellm-users.sh get-user "$USER_ID"

# delete_user
./litellm-users.sh delete-user "$USER_ID"

# update_budget
./litellm-users.sh update-budget --user-id "$USER_ID" --budget 100

# key_with_a_budget
./litellm-users.sh create-key \
  --alias "test-key" \
  --budget 5 \
  --duration monthly

# key_of_a_user
./litellm-users.sh create-key \
  --user-id "$USER_ID" \
  --alias "laptop-key"

# key_with_models
./litellm-users.sh create-key \
  --alias "haiku-only" \
  --models '["claude-haiku-4-5"]' \
  --budget 10

# list_keys
./litellm-users.sh list-keys

# delete_key
./litellm-users.sh delete-key "$KEY"

# haiku_user
./litellm-users.sh create-user \
  --email intern@example.com \
  --budget 5 \
  --models '["claude-haiku-4-5"]'

# haiku_and_sonnet_user
./litellm-users.sh create-user \
  --email developer@example.com \
  --budget 50 \
  --models '["claude-haiku-4-5", "claude-sonnet-4-5"]'

# all_models_user
./litellm-users.sh create-user \
  --email senior@example.com \
  --budget 200

# testing_key
./litellm-users.sh create-key \
  --alias "test-key" \
  --models '["claude-haiku-4-5"]' \
  --budget 2

# production_key
./litellm-users.sh create-key \
  --alias "prod-key" \
  --budget 100

# lead_developer
./litellm-users.sh create-user \
  --email lead@company.com \
  --budget 200 \
  --duration monthly

# developer
./litellm-users.sh create-user \
  --email dev@company.com \
  --budget 50 \
  --duration monthly \
  --models '["claude-haiku-4-5", "claude-sonnet-4-5"]'

# intern
./litellm-users.sh create-user \
  --email intern@company.com \
  --budget 10 \
  --duration monthly \
  --models '["claude-haiku-4-5"]'

# development_environment_key
./litellm-users.sh create-key \
  --alias "dev-environment" \
  --models '["claude-haiku-4-5"]' \
  --budget 20

# staging_environment_key
./litellm-users.sh create-key \
  --alias "staging-environment" \
  --budget 100

# production_environment_key
./litellm-users.sh create-key \
  --alias "production" \
  --budget 500

# curl_create_user
curl -X POST "$LITELLM_URL/user/new" \
  -H "Authorization: Bearer $LITELLM_MASTER_KEY" \
  -H "Content-Type: application/json" \
  -d '{
    "user_email": "user@example.com",
    "max_budget": 50,
    "budget_duration": "monthly",
    "models": ["claude-haiku-4-5"]
  }'

# curl_generate_key
curl -X POST "$LITELLM_URL/key/generate" \
  -H "Authorization: Bearer $LITELLM_MASTER_KEY" \
  -H "Content-Type: application/json" \
  -d '{
    "key_alias": "my-key",
    "max_budget": 10,
    "models": ["claude-haiku-4-5"]
  }'

# curl_list_users
curl -X GET "$LITELLM_URL/user/list" \
  -H "Authorization: Bearer $LITELLM_MASTER_KEY"
