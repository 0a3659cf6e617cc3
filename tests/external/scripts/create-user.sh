#!/bin/bash
# create-user.sh

GATEWAY_URL="https://sandbox.cloudfront.net"
MASTER_KEY="${LITELLM_MASTER_KEY}"
ADMIN_SECRET="${ADMIN_HEADER_SECRET}"

create_user() {
    local email=$1
    local budget=${2:-50}
    local models=${3:-'["claude-haiku-4-5", "claude-sonnet-4-5"]'}

    # Crea utente
    curl -s -X POST "$GATEWAY_URL/user/new" \
         -H "Authorization: Bearer $MASTER_KEY" \
         -H "X-Admin-Secret: $ADMIN_SECRET" \
         -H "Content-Type: application/json" \
         -d "{
           \"user_id\": \"$email\",
           \"user_email\": \"$email\",
           \"max_budget\": $budget,
           \"budget_duration\": \"monthly\",
           \"models\": $models
         }"

    echo ""

    # Genera API key
    curl -s -X POST "$GATEWAY_URL/key/generate" \
         -H "Authorization: Bearer $MASTER_KEY" \
         -H "X-Admin-Secret: $ADMIN_SECRET" \
         -H "Content-Type: application/json" \
         -d "{
           \"user_id\": \"$email\",
           \"key_alias\": \"${email%@*}-default\",
           \"duration\": \"90d\"
         }"

    echo ""
}

# Uso: ./create-user.sh mario@company.com 100
create_user "$1" "$2"
