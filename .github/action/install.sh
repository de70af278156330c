#!/usr/bin/env bash
# Installs the release that checksums.txt names, after comparing its checksum, and sets the
# output "build" to true where there is none for this machine or this is a fork of the action.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
bin=$RUNNER_TEMP/ringfence-bin
mkdir -p "$bin"
echo "$bin" >>"$GITHUB_PATH"

build() {
	echo "building from source: $1"
	echo "build=true" >>"$GITHUB_OUTPUT"
	exit 0
}

case "$RUNNER_OS/$RUNNER_ARCH" in
Linux/X64) platform=linux_amd64 ;;
Linux/ARM64) platform=linux_arm64 ;;
macOS/X64) platform=darwin_amd64 ;;
macOS/ARM64) platform=darwin_arm64 ;;
*) build "there are no releases for $RUNNER_OS on $RUNNER_ARCH" ;;
esac
[ "${GITHUB_ACTION_REPOSITORY:-}" = ringfence/ringfence ] || build "this is not the action of ringfence/ringfence"

version=$(sed -n 's/^version \([0-9][0-9A-Za-z.-]*\)$/\1/p' "$here/checksums.txt")
archive=ringfence_${version}_$platform.tar.gz
checksum=$(awk -v name="$archive" '$2 == name { print $1 }' "$here/checksums.txt")
[ -n "$checksum" ] || build "this version of the action has no release"

cd "$RUNNER_TEMP"
curl --fail --silent --show-error --location --proto '=https' --retry 3 --output "$archive" \
	"https://github.com/ringfence/ringfence/releases/download/v$version/$archive"
if command -v sha256sum >/dev/null; then
	echo "$checksum  $archive" | sha256sum --check --strict
else
	echo "$checksum  $archive" | shasum --algorithm 256 --check
fi
tar -xzf "$archive" -C "$bin" ringfence
echo "build=false" >>"$GITHUB_OUTPUT"
