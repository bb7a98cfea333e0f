#!/bin/sh
# Run as root on a host by scripts/flash, with the folder of what was sent there: installs the package, with the
# configuration and the enrolment before it, and waits until the gateway serves. With DPKG_ROOT, as dpkg has it, into
# the root of another machine.
set -e
sent="$1"
root="${DPKG_ROOT:-}"
export DEBIAN_FRONTEND=noninteractive

place() {
  [ -f "$sent/$1" ] || return 0
  mkdir -p "$root/etc/headwater"
  # Whole or not at all, and never readable by others.
  (umask 077 && cat "$sent/$1" >"$root/etc/headwater/$1.new")
  mv "$root/etc/headwater/$1.new" "$root/etc/headwater/$1"
}
place headwater.toml
place enrolment
dpkg --force-confold --install "$sent/headwater.deb"
if [ -n "$root" ]; then
  echo "installed into $root"
  exit 0
fi
# The package starts it, but it may have run before: with another configuration.
systemctl restart headwater
echo "$(headwater version | head -1) $(systemctl is-active headwater)"
