# Document 000 (users and quotas): every command, as it stands there but for the variables.
# GATEWAY_URL is where it says https://gateway.example.com or https://sandbox.cloudfront.net, MASTER_KEY and
# ADMIN_SECRET are also where it writes such secrets out, KEY is where it makes up a key. Its two scripts are in
# ../scripts.
# What it prints as their answers is in 000.json.

# chat_completions
curl $GATEWAY_URL/v1/chat/completions \
     -H "Authorization: Bearer $KEY" \
     -H "Content-Type: application/json" \
     -d '{
       "model": "claude-haiku-4-5",
       "messages": [{"role": "user", "content": "Hello"}]
     }'

# user_new_with_both_headers
curl $GATEWAY_URL/user/new \
     -H "Authorization: Bearer $MASTER_KEY" \
     -H "X-Admin-Secret: $ADMIN_SECRET" \
     -H "Content-Type: application/json" \
     -d '{"user_id": "user@example.com"}'

# create_user
curl -X POST $GATEWAY_URL/user/new \
     -H "Authorization: Bearer $MASTER_KEY" \
     -H "X-Admin-Secret: $ADMIN_SECRET" \
     -H "Content-Type: application/json" \
     -d '{
       "user_id": "mario.rossi@company.com",
       "user_email": "mario.rossi@company.com",
       "user_role": "user",
       "max_budget": 50.0,
       "budget_duration": "monthly",
       "models": ["claude-haiku-4-5", "claude-sonnet-4-5"]
     }'

# list_users
curl $GATEWAY_URL/user/list \
     -H "Authorization: Bearer $MASTER_KEY" \
     -H "X-Admin-Secret: $ADMIN_SECRET"

# user_info
curl "$GATEWAY_URL/user/info?user_id=mario.rossi@company.com" \
     -H "Authorization: Bearer $MASTER_KEY" \
     -H "X-Admin-Secret: $ADMIN_SECRET"

# update_user
curl -X POST $GATEWAY_URL/user/update \
     -H "Authorization: Bearer $MASTER_KEY" \
     -H "X-Admin-Secret: $ADMIN_SECRET" \
     -H "Content-Type: application/json" \
     -d '{
       "user_id": "mario.rossi@company.com",
       "max_budget": 100.0
     }'

# delete_user
curl -X POST $GATEWAY_URL/user/delete \
     -H "Authorization: Bearer $MASTER_KEY" \
     -H "X-Admin-Secret: $ADMIN_SECRET" \
     -H "Content-Type: application/json" \
     -d '{"user_ids": ["mario.rossi@company.com"]}'

# generate_key
curl -X POST $GATEWAY_URL/key/generate \
     -H "Authorization: Bearer $MASTER_KEY" \
     -H "X-Admin-Secret: $ADMIN_SECRET" \
     -H "Content-Type: application/json" \
     -d '{
       "user_id": "mario.rossi@company.com",
       "key_alias": "mario-laptop",
       "duration": "30d",
       "models": ["claude-haiku-4-5", "claude-sonnet-4-5"],
       "max_budget": 50.0
     }'

# list_keys
curl $GATEWAY_URL/key/list \
     -H "Authorization: Bearer $MASTER_KEY" \
     -H "X-Admin-Secret: $ADMIN_SECRET"

# revoke_key
curl -X POST $GATEWAY_URL/key/delete \
     -H "Authorization: Bearer $MASTER_KEY" \
     -H "X-Admin-Secret: $ADMIN_SECRET" \
     -H "Content-Type: application/json" \
     -d '{"keys": ["'"$KEY"'"]}'

# budget
curl -X POST $GATEWAY_URL/user/new \
     -H "Authorization: Bearer $MASTER_KEY" \
     -H "X-Admin-Secret: $ADMIN_SECRET" \
     -H "Content-Type: application/json" \
     -d '{
       "user_id": "mario@company.com",
       "max_budget": 100.0,
       "budget_duration": "monthly",
       "models": ["claude-haiku-4-5", "claude-sonnet-4-5"]
     }'

# rate_limits
curl -X POST $GATEWAY_URL/user/new \
     -H "Authorization: Bearer $MASTER_KEY" \
     -H "X-Admin-Secret: $ADMIN_SECRET" \
     -H "Content-Type: application/json" \
     -d '{
       "user_id": "mario@company.com",
       "models": ["claude-haiku-4-5"],
       "max_budget": 50.0,
       "budget_duration": "monthly",
       "tpm_limit": 50000,
       "rpm_limit": 50
     }'

# model_limits
curl -X POST $GATEWAY_URL/user/new \
     -H "Authorization: Bearer $MASTER_KEY" \
     -H "X-Admin-Secret: $ADMIN_SECRET" \
     -H "Content-Type: application/json" \
     -d '{
       "user_id": "intern@company.com",
       "models": ["claude-haiku-4-5"],
       "max_budget": 10.0,
       "budget_duration": "monthly"
     }'

# junior_profile
curl -X POST $GATEWAY_URL/user/new \
     -H "Authorization: Bearer $MASTER_KEY" \
     -H "X-Admin-Secret: $ADMIN_SECRET" \
     -H "Content-Type: application/json" \
     -d '{
       "user_id": "junior@company.com",
       "models": ["claude-haiku-4-5"],
       "max_budget": 20.0,
       "budget_duration": "monthly"
     }'

# senior_profile
curl -X POST $GATEWAY_URL/user/new \
     -H "Authorization: Bearer $MASTER_KEY" \
     -H "X-Admin-Secret: $ADMIN_SECRET" \
     -H "Content-Type: application/json" \
     -d '{
       "user_id": "senior@company.com",
       "models": ["claude-haiku-4-5", "claude-sonnet-4-5", "claude-opus-4-5"],
       "max_budget": 300.0,
       "budget_duration": "monthly"
     }'

# update_models
curl -X POST $GATEWAY_URL/user/update \
     -H "Authorization: Bearer $MASTER_KEY" \
     -H "X-Admin-Secret: $ADMIN_SECRET" \
     -H "Content-Type: application/json" \
     -d '{
       "user_id": "junior@company.com",
       "models": ["claude-haiku-4-5", "claude-sonnet-4-5"]
     }'

# check_models
curl "$GATEWAY_URL/user/info?user_id=junior@company.com" \
     -H "Authorization: Bearer $MASTER_KEY" \
     -H "X-Admin-Secret: $ADMIN_SECRET"

# user_spend
curl "$GATEWAY_URL/user/info?user_id=mario@company.com" \
     -H "Authorization: Bearer $MASTER_KEY" \
     -H "X-Admin-Secret: $ADMIN_SECRET"

# spend_logs
curl $GATEWAY_URL/spend/logs \
     -H "Authorization: Bearer $MASTER_KEY" \
     -H "X-Admin-Secret: $ADMIN_SECRET"

# spend_by_model
curl "$GATEWAY_URL/spend/tags?start_date=2025-01-01&end_date=2025-01-31" \
     -H "Authorization: Bearer $MASTER_KEY" \
     -H "X-Admin-Secret: $ADMIN_SECRET"

# developer_key
curl -X POST $GATEWAY_URL/key/generate \
     -H "Authorization: Bearer $MASTER_KEY" \
     -H "X-Admin-Secret: $ADMIN_SECRET" \
     -H "Content-Type: application/json" \
     -d '{
       "user_id": "developer@company.com",
       "key_alias": "claude-code-dev",
       "models": ["claude-haiku-4-5", "claude-sonnet-4-5"],
       "max_budget": 100.0
     }'

# check_configuration
curl $GATEWAY_URL/v1/models \
     -H "Authorization: Bearer $KEY"

# team_users
for user in dev1@company.com dev2@company.com dev3@company.com; do
  curl -X POST $GATEWAY_URL/user/new \
       -H "Authorization: Bearer $MASTER_KEY" \
       -H "X-Admin-Secret: $ADMIN_SECRET" \
       -H "Content-Type: application/json" \
       -d "{
         \"user_id\": \"$user\",
         \"max_budget\": 50.0,
         \"budget_duration\": \"monthly\",
         \"models\": [\"claude-haiku-4-5\", \"claude-sonnet-4-5\"]
       }"
done

# strict_limits
curl -X POST $GATEWAY_URL/user/new \
     -H "Authorization: Bearer $MASTER_KEY" \
     -H "X-Admin-Secret: $ADMIN_SECRET" \
     -H "Content-Type: application/json" \
     -d '{
       "user_id": "intern@company.com",
       "max_budget": 10.0,
       "budget_duration": "monthly",
       "models": ["claude-haiku-4-5"],
       "tpm_limit": 10000,
       "rpm_limit": 10
     }'

# power_user
curl -X POST $GATEWAY_URL/user/new \
     -H "Authorization: Bearer $MASTER_KEY" \
     -H "X-Admin-Secret: $ADMIN_SECRET" \
     -H "Content-Type: application/json" \
     -d '{
       "user_id": "senior@company.com",
       "max_budget": 500.0,
       "budget_duration": "monthly",
       "models": ["claude-haiku-4-5", "claude-sonnet-4-5", "claude-opus-4-5"],
       "tpm_limit": 200000,
       "rpm_limit": 200
     }'

# script_create_user
./create-user.sh mario@company.com 100

# script_usage_report
./usage-report.sh
