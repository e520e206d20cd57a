#!/usr/bin/env bash
# Calls Ambiance with buf curl, which asks the server for its protos:
# call_buf.sh [GATEWAY MUSIC], else `make serve` or `make up`. Needs npx, which comes with Node.js, and jq.
set -euo pipefail
cd "$(dirname "$0")"
GATEWAY=${1:-localhost:50051}
MUSIC=${2:-localhost:50053}
curl=(npx --yes @bufbuild/buf@1.75.0 curl --protocol grpc --http2-prior-knowledge)

echo "match"
"${curl[@]}" --data '{"text": "We won! What a wonderful night", "options": {"k": 3}}' \
  "http://$GATEWAY/ambiance.match.v1.MatchService/MatchText" |
  jq --raw-output '.match.neighbors[] | "  \(.clip.id)"'

echo "soundtrack"
jq --raw-input --slurp '{text: .}' chapter.txt |
  "${curl[@]}" --data @- "http://$GATEWAY/ambiance.match.v1.MatchService/ComposeSoundtrack" |
  jq --raw-output '.cue // empty | "  \(.startSeconds // 0 | round) s  \(.clip.clip.id)  \(.why)"'

echo "labels"
"${curl[@]}" --data '{"prefix": "Rock"}' \
  "http://$MUSIC/ambiance.music.v1.MusicIndexService/ListLabels" |
  jq --raw-output '.labels[] | "  \(.name)  \(.clipCount) clips"'

echo "a wrong request" # exits with 8 times the status code, and tells the error as JSON
"${curl[@]}" --data '{"text": "We won!", "options": {"k": 5000}}' \
  "http://$GATEWAY/ambiance.match.v1.MatchService/MatchText" 2>&1 || [ $? -eq 24 ]
