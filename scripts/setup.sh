# shellcheck shell=bash
# Set-up shared by ./run and ./test, for Debian 12 and 13. Source it from the root of the repository.

say() { printf '%s\n' "$*" >&2; }

die() {
  say "$@"
  exit 1
}

missing=()
want_x264=no

# need PACKAGE COMMAND WHY: notes a package whose command is not there yet.
need() {
  local package=$1 program=$2 why=$3
  command -v "$program" >/dev/null && return
  say "missing: $package, $why"
  missing+=("$package")
}

# The package carries the library's ABI number in its name, so another release calls it differently.
need_x264() {
  local states
  states=$(dpkg-query -W -f='${db:Status-Status}\n' 'libx264-[0-9]*' 2>/dev/null || true)
  grep -qx installed <<<"$states" && return
  say "missing: libx264, the tests compare against it (it is opened at run time, never linked)"
  want_x264=yes
}

# Installs what was noted; does nothing, and asks for no rights, when nothing was.
install_missing() {
  if [[ ${#missing[@]} -eq 0 && $want_x264 == no ]]; then
    return
  fi
  command -v apt-get >/dev/null || die "There is no apt-get here. Install what is missing by hand, then start again."
  apt_get update
  if [[ $want_x264 == yes ]]; then
    local x264
    x264=$(apt-cache search --names-only '^libx264-[0-9]+$' | cut -d' ' -f1 | sort -V | tail -n 1)
    if [[ -n $x264 ]]; then
      missing+=("$x264")
    else
      say "No libx264 package is known here; tests that need it say so below."
    fi
  fi
  if [[ ${#missing[@]} -gt 0 ]]; then
    say "installing: ${missing[*]}"
    apt_get install --yes --no-install-recommends "${missing[@]}"
  fi
}

apt_get() {
  local as_root=()
  if [[ $EUID -ne 0 ]]; then
    command -v sudo >/dev/null || die "Installing packages needs root or sudo: apt-get $*"
    as_root=(sudo)
    # Without a terminal nobody can type a password; fail at once instead of waiting for one.
    [[ -t 0 ]] || as_root=(sudo -n)
  fi
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q "$@" >&2 || die "apt-get $* failed"
}

# What every build needs: openh264 is compiled from its C++ source, with its kernels in assembly.
need_compilers() {
  need gcc gcc "links the programs and builds C dependencies"
  need g++ g++ "builds openh264"
  need nasm nasm "assembles openh264's fast kernels"
}

need_rust() {
  command -v cargo >/dev/null || PATH="$PATH:${HOME:-}/.cargo/bin"
  local wanted have
  wanted=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
  if ! command -v cargo >/dev/null || ! command -v rustc >/dev/null; then
    say "No Rust toolchain: cargo is neither on PATH nor in ~/.cargo/bin. Lunette needs Rust $wanted or newer."
    say "  Debian 13:  apt-get install rustup && rustup default stable"
    say "  elsewhere:  follow https://www.rust-lang.org/tools/install"
    exit 1
  fi
  have=$(rustc --version | cut -d' ' -f2)
  if ! printf '%s\n' "$wanted" "$have" | sort -V -C; then
    die "Rust $have ($(command -v rustc)) is too old: Lunette needs $wanted or newer. With rustup: rustup update stable"
  fi
}

# need_component PROGRAM COMPONENT
need_component() {
  cargo "$1" --version >/dev/null 2>&1 || die "cargo $1 is missing. With rustup: rustup component add $2"
}

# Where cargo builds, whichever way that was configured.
target_directory() {
  cargo metadata --no-deps --format-version 1 | sed -E 's/.*"target_directory":"([^"]*)".*/\1/'
}
