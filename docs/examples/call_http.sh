#!/usr/bin/env bash
# Calls Ambiance over HTTP with curl and jq: call_http.sh [URL], else `make serve` or `make up`.
set -euo pipefail
cd "$(dirname "$0")"
URL=${1:-http://localhost:8080}
JSON='Content-Type: application/json'
call() { curl --silent --show-error --fail-with-body --header 'Grpc-Timeout: 60S' "$@"; }

echo "match"
call "$URL/v1/match" --header "$JSON" \
  --data '{"text": "We won! What a wonderful night", "options": {"k": 3}}' |
  jq --raw-output '.match.neighbors[] | .why |= map("\(.facet) \(100 * .score | round)%") |
    "  \(.clip.id)  \(.why | join(", "))"'

echo "soundtrack" # as one document
request=$(jq --raw-input --slurp '{text: .}' chapter.txt)
call "$URL/v1/soundtrack" --header "$JSON" --data "$request" |
  jq --raw-output '.cues[] | "  \(.startSeconds | round) s  \(.clip.clip.id)  \(.why)"'

echo "soundtrack as events" # each as soon as it is composed; --no-buffer shows it then
call "$URL/v1/soundtrack" --header "$JSON" --header 'Accept: text/event-stream' \
  --no-buffer --data "$request" | cut -c 1-80

echo "labels"
call "$URL/v1/labels?prefix=Rock" |
  jq --raw-output '.labels[] | "  \(.name)  \(.clipCount) clips"'

echo "a wrong request" # curl exits with 22, and the answer says what is wrong
{ call "$URL/v1/match" --header "$JSON" \
  --data '{"text": "We won!", "options": {"k": 5000}}' 2>/dev/null || [ $? -eq 22 ]; } |
  jq --raw-output '.error | "  \(.code) \(.status)",
    (.details[].fieldViolations[]? | "  \(.field): \(.description)")'
