#!/usr/bin/env bash
# Compares the checksums of what was built with those that the action installs by.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
diff <(grep '\.tar\.gz$' "$1" | sort) <(grep '\.tar\.gz$' "$here/checksums.txt" | sort)
