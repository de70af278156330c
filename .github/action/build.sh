#!/usr/bin/env bash
# Builds ringfence from the source of the action.
set -euo pipefail

if ! command -v go >/dev/null; then
	echo "::error title=ringfence::there is no release of this version of the action for $RUNNER_OS on $RUNNER_ARCH, and no Go to build it with"
	exit 1
fi
cd "$(dirname "$0")/../.."
CGO_ENABLED=0 go build -trimpath -buildvcs=false -o "$RUNNER_TEMP/ringfence-bin/" ./cmd/ringfence
