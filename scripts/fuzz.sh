#!/usr/bin/env bash
# Runs every fuzz target of the module for the given time each (10s), and fails at the end if one of them found something.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-10s}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
found=()
while read -r dir target; do
	echo "== $dir $target"
	if go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$dir" </dev/null >"$log" 2>&1; then
		tail -n 3 "$log" | head -n 1
	elif grep -q 'context deadline exceeded' "$log" && ! grep -q 'Failing input' "$log"; then
		echo "ended in the middle of an input, which the fuzzer reports as a failure: nothing was found"
	else
		cat "$log"
		found+=("$dir $target")
	fi
done < <(grep -rhoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . --with-filename | sed -E 's#/[^/]*:func # #' | sort -u)
if [ ${#found[@]} -gt 0 ]; then
	printf 'found: %s\n' "${found[@]}" >&2
	exit 1
fi
