#!/bin/sh
# Makes a fresh Debian or Ubuntu with Node 20 ready: system packages (only those that are missing), then npm ci.
set -eu
cd "$(dirname "$0")/.."

if ! node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' 2>/dev/null; then
  echo "Governor needs Node 20.19 or newer: https://nodejs.org" >&2
  exit 1
fi

missing=""
need() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }
need bwrap bubblewrap
need rg ripgrep
need git git
need setpriv util-linux
need python3 python3
need make build-essential
need g++ build-essential

if [ -n "$missing" ]; then
  if ! command -v apt-get >/dev/null 2>&1; then
    echo "Please install:$missing (names of Debian packages), then run this again." >&2
    exit 1
  fi
  as_root=""
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
      echo "Please install as root: apt-get install -y$missing" >&2
      exit 1
    fi
    as_root="sudo"
  fi
  $as_root apt-get update
  # shellcheck disable=SC2086
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing
fi

# npm ci also builds. When this very lock file is installed already, only build again.
stamp="node_modules/.governor-setup"
state="$(node -p 'process.version + process.arch') $(cksum < package-lock.json)"
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$state" ]; then
  npm run build
else
  npm ci
  printf '%s' "$state" > "$stamp"
fi
