#!/usr/bin/env bash
# Writes the one comment of the action at a pull request, found by the mark that it begins with.
set -euo pipefail

comments=repos/$GITHUB_REPOSITORY/issues/$PULL_REQUEST/comments
MARK=$(head -n 1 "$COMMENT_FILE")
export MARK
ids=$(gh api --paginate "$comments" --jq '.[] | select(.user.type == "Bot" and (.body | startswith(env.MARK))) | .id')
id=${ids%%$'\n'*}
if [ -n "$id" ]; then
	gh api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$id" --field "body=@$COMMENT_FILE"
else
	gh api --silent --method POST "$comments" --field "body=@$COMMENT_FILE"
fi
