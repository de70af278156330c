#!/usr/bin/env bash
# Builds ringfence from the source of the action.
set -euo pipefail

cd "$(dirname "$0")/../.."
CGO_ENABLED=0 go build -trimpath -buildvcs=false -o "$RUNNER_TEMP/ringfence-bin/" ./cmd/ringfence
