#!/usr/bin/env bash
# A plant by hand: keys, a router, a control centre, a photovoltaic plant and a battery, each with the example
# configuration of its kind, and a set-point given with curl. docs/first-plant.md explains the steps.
#
#   examples/plant/plant.sh [DIR]     DIR is made, and kept; without it a temporary one is removed at the end
#
# GRIDWARD is the program (default: gridward), ROUTER and HTTP are the addresses (default 127.0.0.1:5223, 127.0.0.1:8650).
set -euo pipefail
examples=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
gridward=${GRIDWARD:-gridward}
router=${ROUTER:-127.0.0.1:5223}
http=${HTTP:-127.0.0.1:8650}

if [ $# -gt 0 ]; then
	mkdir "$1" && cd "$1"
else
	dir=$(mktemp -d) && cd "$dir"
fi
stop() {
	trap - EXIT
	jobs -p | xargs -r kill 2>/dev/null || true
	wait || true
	[ -z "${dir:-}" ] || rm -rf "$dir"
}
trap stop EXIT
trap 'exit 130' INT TERM

echo "== keys"
"$gridward" pki init --dir tls
"$gridward" pki issue --dir tls --kind server --domain grid.example --file router
"$gridward" pki issue --dir tls --kind center --jid center@grid.example
"$gridward" pki issue --dir tls --kind der --jid pv1@grid.example
"$gridward" pki issue --dir tls --kind der --jid bat1@grid.example

echo "== configurations"
cp "$examples"/router/router.yaml "$examples"/center/center.yaml "$examples"/der/pv.yaml "$examples"/der/battery.yaml .
# The examples name hosts of their own; here everything is on this machine. Metrics of the router are left out.
sed -i -e "s#127.0.0.1:5223#$router#" -e '/mode: starttls/d' -e '/^metrics:/d' router.yaml
sed -i -e "s#xmpp.grid.example:5222/starttls#$router/direct#" center.yaml pv.yaml battery.yaml
"$gridward" xmpp check --config router.yaml
"$gridward" center --config center.yaml --check
"$gridward" der --config pv.yaml --check
"$gridward" der --config battery.yaml --check

echo "== processes"
"$gridward" xmpp serve --config router.yaml 2>router.log &
"$gridward" der --config pv.yaml 2>pv.log &
"$gridward" der --config battery.yaml 2>battery.log &
"$gridward" center --config center.yaml --listen "$http" 2>center.log &

ders=http://$http/api/v1/ders
for _ in $(seq 150); do
	online=$(curl -s "$ders" | jq '[.ders[]? | select(.state == "online")] | length' 2>/dev/null || true)
	[ "$online" = 2 ] && break
	sleep 0.2
done
if [ "$online" != 2 ]; then
	echo "the DERs did not come online; the logs are in $PWD" >&2
	tail -n 5 ./*.log >&2
	exit 1
fi

echo "== fleet"
curl -s "$ders" | jq -c '.ders[] | {id, kind, state, rating}'
echo "== the battery is to charge with 2 kW"
curl -s -H 'Content-Type: application/json' -d '{"activePower": -2000}' "$ders/bat1@grid.example/setpoint" | jq -c '{der, quantity, value, state}'
echo "== and does"
for _ in $(seq 50); do
	power=$(curl -s "$ders/bat1@grid.example" | jq '.activePower | round')
	[ "$power" = -2000 ] && break
	sleep 0.2
done
echo "$power W"
[ "$power" = -2000 ]
