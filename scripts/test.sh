#!/usr/bin/env bash
# Runs every test of the project: the Go packages (those with goroutines under the race detector as well), then the
# dashboard in a browser. A skipped test is named, and fails the run.
set -euo pipefail
cd "$(dirname "$0")/.."
export CGO_ENABLED=0
# A newer Node, where scripts/peers.sh had to bring one.
export PATH="${GRIDWARD_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/gridward/peers}/node/node_modules/node/bin:$PATH"
log=$(mktemp)
trap 'rm -f "$log"' EXIT

go build -o bin/gridward ./cmd/gridward
status=0
go test -json -count=1 -timeout 20m ./... >"$log" || status=$?
# What has goroutines, again under the race detector.
CGO_ENABLED=1 go test -race -json -count=1 -timeout 20m \
	./acsi/... ./center/... ./der/... ./link/... ./mms/... ./security/... ./station/... ./store/... ./xmpp/... >>"$log" || status=$?
go run ./internal/testreport "$log" || status=1
exit "$status"
