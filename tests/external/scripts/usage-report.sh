#!/bin/bash
# usage-report.sh

GATEWAY_URL="https://sandbox.cloudfront.net"
MASTER_KEY="${LITELLM_MASTER_KEY}"
ADMIN_SECRET="${ADMIN_HEADER_SECRET}"

echo "=== User Spend Report ==="
echo ""

curl -s "$GATEWAY_URL/user/list" \
     -H "Authorization: Bearer $MASTER_KEY" \
     -H "X-Admin-Secret: $ADMIN_SECRET" | \
     jq -r '.users[] | "\(.user_id): $\(.spend)/\(.max_budget) (\(.spend/.max_budget*100 | floor)%)"'
