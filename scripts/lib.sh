# Sourced by the scripts beside it and by .ci/run: finds or installs Bun, pinned exactly, and the dependencies.
# Everything that is installed goes into node_modules/ and .cache/ of this checkout, nothing into the system. Once
# it is there, no network is needed.
#
# Callers have set -euo pipefail. After `set_up`, the working folder is the checkout's and BUN is the runtime.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$root"

say() { printf 'headwater: %s\n' "$*" >&2; }
fail() {
  printf 'headwater: %s\n' "$*" >&2
  exit 1
}

# package.json is the one place that names the version.
bun_version="$(sed -n 's/^ *"bun": "\([0-9.]*\)",*$/\1/p' package.json)"
[ -n "$bun_version" ] || fail "package.json names no exact version of bun under devDependencies"

# The name of Bun's npm package for this machine, e.g. linux-x64. Its x64 build picks its instructions at start, so
# there is no second one for processors without AVX2.
host_platform() {
  local kernel machine suffix=""
  kernel="$(uname -s)"
  machine="$(uname -m)"
  [ "$kernel" = Linux ] || fail "Headwater runs on Linux, this is $kernel: use a Linux machine, container or virtual machine"
  if ldd --version 2>&1 | grep -qi musl; then suffix="-musl"; fi
  case "$machine" in
    x86_64 | amd64) echo "linux-x64$suffix" ;;
    aarch64 | arm64) echo "linux-aarch64$suffix" ;;
    *) fail "Bun has no build for the processor $machine: it needs x86-64 or 64-bit ARM" ;;
  esac
}

is_pinned_bun() { [ -n "$1" ] && [ -x "$1" ] && [ "$("$1" --version 2>/dev/null)" = "$bun_version" ]; }

# Where a runtime of that platform is or would be.
runtime_path() { echo "$root/.cache/bun/$bun_version/$1/bin/bun"; }

# Fetches Bun's npm package for a platform, this machine's or another, unless it is there; prints the executable's
# path. The package holds the executable itself, so no install script has to run. npm fetches it, or, where there is
# no npm, a Bun of any version does.
fetch_runtime() {
  local platform="$1" path folder work package
  package="@oven/bun-$platform"
  path="$(runtime_path "$platform")"
  if [ -x "$path" ]; then
    echo "$path"
    return
  fi
  folder="$(dirname "$(dirname "$path")")"
  work="$folder.partial.$$"
  rm -rf "$work"
  mkdir -p "$work"
  say "fetching Bun $bun_version for $platform"
  if command -v npm >/dev/null 2>&1; then
    (cd "$work" && npm pack --silent "$package@$bun_version" >npm.log 2>&1 && verify_package "$package" ./*.tgz && tar -xzf ./*.tgz) ||
      { cat "$work/npm.log" >&2; rm -rf "$work"; fail "npm could not fetch $package@$bun_version: is the network there?"; }
    mv "$work/package" "$work/unpacked"
  elif command -v bun >/dev/null 2>&1; then
    printf '{"dependencies": {"%s": "%s"}}\n' "$package" "$bun_version" >"$work/package.json"
    (cd "$work" && bun install --os='*' --cpu='*' --ignore-scripts >bun.log 2>&1) ||
      { cat "$work/bun.log" >&2; rm -rf "$work"; fail "bun could not fetch $package@$bun_version: is the network there?"; }
    # A copy, since Bun may have linked the files to its cache.
    cp -RL "$work/node_modules/$package" "$work/unpacked"
  else
    rm -rf "$work"
    fail "Bun $bun_version is needed and neither npm nor bun is there to fetch it: install Node.js with npm (Debian: apt-get install npm), or Bun"
  fi
  chmod +x "$work/unpacked/bin/bun"
  mkdir -p "$(dirname "$folder")"
  rm -rf "$folder"
  mv "$work/unpacked" "$folder"
  rm -rf "$work"
  echo "$path"
}

# The bytes are those that bun.lock names, whatever the registry says today.
verify_package() {
  local wanted actual
  wanted="$(sed -n "s|^ *\"$1\": .*\"\(sha512-[A-Za-z0-9+/=]*\)\"\],*\$|\1|p" "$root/bun.lock")"
  actual="sha512-$(node -e 'process.stdout.write(require("crypto").createHash("sha512").update(require("fs").readFileSync(process.argv[1])).digest("base64"))' "$2")"
  if [ "$wanted" != "$actual" ]; then
    echo "the fetched $1 is not the one that bun.lock names" >npm.log
    return 1
  fi
}

find_bun() {
  local candidate
  for candidate in "${BUN:-}" "$(runtime_path "$(host_platform)")" node_modules/bun/bin/bun.exe "$(command -v bun || true)"; do
    if is_pinned_bun "$candidate"; then
      BUN="$(readlink -f "$candidate")"
      return
    fi
  done
  BUN="$(fetch_runtime "$(host_platform)")"
  is_pinned_bun "$BUN" || fail "the Bun $bun_version that was fetched does not run on this machine ($(uname -m))"
}

# Dependencies as bun.lock has them. A stamp of both files says that they are in place, so that the next run
# needs neither network nor time.
install_dependencies() {
  local stamp="node_modules/.headwater-installed" wanted
  wanted="$(cat package.json bun.lock | cksum)"
  if [ "$(cat "$stamp" 2>/dev/null || true)" = "$wanted" ]; then return; fi
  say "installing the dependencies that bun.lock names"
  "$BUN" install --frozen-lockfile >&2 || fail "the dependencies could not be installed: is the network there?"
  echo "$wanted" >"$stamp"
}

set_up() {
  find_bun
  export BUN
  # Programs that the tests start by name find the same runtime.
  case ":$PATH:" in *":$(dirname "$BUN"):"*) ;; *) export PATH="$(dirname "$BUN"):$PATH" ;; esac
  install_dependencies
}

# The tests that need more than Bun and the dependencies, from test/stages.txt: prints "name|minutes|selector|needs|what".
stages() { sed -e 's/#.*//' -e '/^ *$/d' -e 's/ *| */|/g' test/stages.txt; }

# The test files that a stage's selector takes, sorted; see test/stages.txt.
selected_files() {
  local kind="${1%% *}" argument="${1#* }"
  case "$kind" in
    folder) if [ -d "$argument" ]; then find "$argument" -name '*.test.ts'; fi ;;
    imports) grep -rlF --include='*.test.ts' -- "$argument" test || true ;;
    *) fail "test/stages.txt: unknown selector '$1'" ;;
  esac | sort
}
