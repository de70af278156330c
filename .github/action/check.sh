#!/usr/bin/env bash
# Hands the inputs of the action to "ringfence check --github", each as one argument.
set -euo pipefail

arguments=("--gate=$RINGFENCE_GATE")
[ -z "$RINGFENCE_CONFIG" ] || arguments+=("--config=$RINGFENCE_CONFIG")
[ -z "$RINGFENCE_BASELINE" ] || arguments+=("--baseline=$RINGFENCE_BASELINE")
[ -z "$RINGFENCE_FAIL_ON" ] || arguments+=("--fail-on=$RINGFENCE_FAIL_ON")
[ -z "$RINGFENCE_SHARD" ] || arguments+=("--shard=$RINGFENCE_SHARD")
[ -z "$RINGFENCE_CATEGORY" ] || arguments+=("--category=$RINGFENCE_CATEGORY")
[ "$RINGFENCE_ALLOW_GAPS" != true ] || arguments+=(--allow-gaps)

paths=()
while IFS= read -r path; do
	[ -z "$path" ] || paths+=("$path")
done <<<"$RINGFENCE_PATHS"

exec ringfence check --github "${arguments[@]}" -- ${paths[@]+"${paths[@]}"}
