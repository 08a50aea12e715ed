#!/usr/bin/env bash
# Installs the foreign programs that the tests run as separate processes: Debian packages by apt-get, Python programs
# into a virtual environment of their own, Java libraries by Maven, the npm packages of the dashboard into
# web/node_modules. Running it again does nothing when everything is there.
#
#   scripts/peers.sh          install what is missing (needs root, or sudo, for the Debian packages)
#   scripts/peers.sh --check  say what is missing, install nothing; exit code 1 when something is
set -euo pipefail

# Debian package : a file that it brings
debian=(
  prosody:/usr/bin/prosody
  prosody-modules:/usr/lib/prosody/modules/mod_firewall
  ejabberd:/usr/sbin/ejabberdctl
  tshark:/usr/bin/tshark
  openssl:/usr/bin/openssl
  asn1c:/usr/bin/asn1c
  gcc:/usr/bin/gcc
  libc6-dev:/usr/include/stdio.h
  python3-venv:/usr/share/doc/python3-venv
  procps:/usr/bin/pkill
  libxml2-utils:/usr/bin/xmllint
  curl:/usr/bin/curl
  jq:/usr/bin/jq
  chromium:/usr/bin/chromium
  nodejs:/usr/bin/node
  npm:/usr/bin/npm
  default-jdk-headless:/usr/bin/javac
  maven:/usr/bin/mvn
)
python=(slixmpp==1.17.0 pyiec61850-ng==1.6.1.10 iec61850==0.14.0 hat-drivers==0.10.10)
java=com.beanit:openiec61850:1.8.0

peers="${GRIDWARD_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/gridward/peers}"
venv="$peers/venv"
stamp="$venv/.installed"
jars="$peers/java/lib"

root="$(cd "$(dirname "$0")/.." && pwd)"
modules="$root/web/node_modules/.package-lock.json"
# web_current: the packages of the dashboard's build and tests are those of its lock file.
web_current() { [ "$modules" -nt "$root/web/package-lock.json" ]; }

# node_current: the dashboard's build needs Node 20.19 or later, which is more than Debian 12 has.
node_current() {
  PATH="$peers/node/node_modules/node/bin:$PATH" node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' 2>/dev/null
}

missing=()
for p in "${debian[@]}"; do
  [ -e "${p#*:}" ] || missing+=("${p%%:*}")
done
want="$(printf '%s\n' "${python[@]}")"
have="$(cat "$stamp" 2>/dev/null || true)"
have_java="$(cat "$jars/.installed" 2>/dev/null || true)"

if [ "${1:-}" = --check ]; then
  [ ${#missing[@]} -eq 0 ] || echo "missing Debian packages: ${missing[*]}"
  [ "$want" = "$have" ] || echo "missing Python packages: ${python[*]} in $venv"
  [ "$java" = "$have_java" ] || echo "missing Java library: $java in $jars"
  node_current || echo "missing Node 20.19"
  web_current || echo "missing npm packages: those of web/package-lock.json"
  [ ${#missing[@]} -eq 0 ] && [ "$want" = "$have" ] && [ "$java" = "$have_java" ] && node_current && web_current
  exit
fi

if [ ${#missing[@]} -gt 0 ]; then
  echo "installing ${missing[*]}" >&2
  sudo=()
  [ "$(id -u)" -eq 0 ] || sudo=(sudo)
  # No service is started by the installation: the tests start their own, with their own configuration.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | "${sudo[@]}" tee "$policy" >/dev/null
    "${sudo[@]}" chmod 755 "$policy"
    trap '"${sudo[@]}" rm -f "$policy"' EXIT
  fi
  "${sudo[@]}" apt-get update -q >&2
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >&2
fi

if [ "$want" != "$have" ]; then
  echo "installing ${python[*]} into $venv" >&2
  rm -rf "$venv"
  mkdir -p "$peers"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check "${python[@]}" >&2
  printf '%s\n' "$want" >"$stamp"
fi
if [ "$java" != "$have_java" ]; then
  echo "installing $java into $jars" >&2
  rm -rf "$peers/java"
  mkdir -p "$jars"
  IFS=: read -r group artifact version <<<"$java"
  # Its graphical client and its logger are left out.
  cat >"$peers/java/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>gridward</groupId><artifactId>peers</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>$group</groupId><artifactId>$artifact</artifactId><version>$version</version>
    <exclusions>
      <exclusion><groupId>com.toedter</groupId><artifactId>*</artifactId></exclusion>
      <exclusion><groupId>ch.qos.logback</groupId><artifactId>*</artifactId></exclusion>
    </exclusions>
  </dependency></dependencies>
</project>
POM
  mvn -q -B -f "$peers/java/pom.xml" dependency:copy-dependencies -DoutputDirectory="$jars" >&2
  printf '%s\n' "$java" >"$jars/.installed"
fi
if ! node_current; then
  echo "installing a newer Node into $peers/node" >&2
  npm install --silent --no-audit --no-fund --prefix "$peers/node" node@22.21.1 >&2
fi
if ! web_current; then
  echo "installing the npm packages of web/package-lock.json" >&2
  (cd "$root/web" && npm ci --silent --no-audit --no-fund >&2)
  touch "$modules"
fi
echo "peers are in place (Python: $venv)" >&2
