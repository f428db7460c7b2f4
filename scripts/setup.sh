# shellcheck shell=bash
# Set-up shared by ./run and ./test, for Debian 12 and 13. Source it from the root of the repository.

say() { printf '%s\n' "$*" >&2; }

die() {
  say "$@"
  exit 1
}

missing=()
want_x264=no
want_qemu=no

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

# QEMU 10 is the first whose display bus hands out pictures as shared memory. Debian puts the bus into a module package.
need_qemu() {
  local major
  major=$(qemu_major)
  if [[ ${major:-0} -ge 10 ]] && qemu-system-x86_64 -display help 2>/dev/null | grep -qx dbus; then
    return
  fi
  say "missing: QEMU 10 or newer with its D-Bus display, which runs the virtual machine (found: ${major:-none})"
  want_qemu=yes
}

# Prints nothing where there is none.
qemu_major() {
  local version
  version=$(qemu-system-x86_64 --version 2>/dev/null || true)
  sed -nE 's/^QEMU emulator version ([0-9]+).*/\1/p' <<<"$version"
}

# What builds the guest's image out of Debian packages.
need_image_tools() {
  need mmdebstrap mmdebstrap "puts Debian packages into a guest image"
  need kmod depmod "finds what the guest's kernel modules depend on"
  need xz-utils xz "unpacks kernel modules"
  need zstd zstd "packs the guest's first file system"
  need cpio cpio "the tests unpack with it what was packed"
}

# What the tests of containers and seats run for real; without one of them its tests say so and go on.
need_container_tools() {
  need runc runc "runs the tests' containers"
  need docker.io dockerd "the other backend for containers; the tests start a daemon of their own"
  need nftables nft "a desktop's firewall"
  need iproute2 ip "a desktop's network"
  need dbus-daemon dbus-daemon "the bus that logind-stub is tested on"
  need tesseract-ocr tesseract "reads the text in a desktop's picture"
  need_library libseat.so.1 libseat1 "the library that compositors ask for devices with"
}

# What builds the viewer, a page of TypeScript.
need_web_tools() {
  need nodejs node "builds the viewer's page"
  need npm npm "fetches what the page is built with"
}

# What the tests of viewers and of running desktops use; without one of them its tests say so and go on.
need_desktop_tools() {
  need chromium chromium "the browser that the viewer is tested in"
  need firefox-esr firefox-esr "the other browser that it is tested in"
  need sway sway "a compositor without a screen, which tests type into"
  need foot foot "a terminal in it"
  need wl-clipboard wl-copy "the other end of its clipboard"
  need git git "the work trees that a bridge shows, and a place to push them to"
}

# What the GStreamer element is built with, and what its tests decode with.
need_gstreamer() {
  need pkg-config pkg-config "finds the development files of libraries"
  need_development gstreamer-check-1.0 libgstreamer1.0-dev "builds the element vsockenc"
  need_development gstreamer-allocators-1.0 libgstreamer-plugins-base1.0-dev "builds the element vsockenc"
  need gstreamer1.0-tools gst-inspect-1.0 "says which elements there are"
  need_element appsrc gstreamer1.0-plugins-base
  need_element h264parse gstreamer1.0-plugins-bad
  need_element avdec_h264 gstreamer1.0-libav
}

# need_development MODULE PACKAGE WHY: as need, for what pkg-config knows.
need_development() {
  local module=$1 package=$2 why=$3
  pkg-config --exists "$module" 2>/dev/null && return
  say "missing: $package, $why"
  missing+=("$package")
}

# need_element NAME PACKAGE: as need, for an element of GStreamer.
need_element() {
  local element=$1 package=$2
  gst-inspect-1.0 --exists "$element" 2>/dev/null && return
  say "missing: $package, the tests of vsockenc use its element $element"
  missing+=("$package")
}

# need_library FILE PACKAGE WHY: as need, for a library that is opened at run time.
need_library() {
  local file=$1 package=$2 why=$3
  PATH="$PATH:/sbin:/usr/sbin" ldconfig -p | grep -q "$file" && return
  say "missing: $package, $why"
  missing+=("$package")
}

# Installs what was noted; does nothing, and asks for no rights, when nothing was.
install_missing() {
  if [[ ${#missing[@]} -eq 0 && $want_x264 == no && $want_qemu == no ]]; then
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
  if [[ $want_qemu == yes ]]; then
    install_qemu
  fi
}

# From the release itself where its QEMU is new enough, else from its backports.
install_qemu() {
  local packages=(qemu-system-x86 qemu-system-modules-opengl) candidate
  candidate=$(apt-cache policy qemu-system-x86 | sed -nE 's/^ *Candidate: ([0-9]+:)?([0-9]+).*/\2/p')
  say "installing: ${packages[*]}"
  if [[ ${candidate:-0} -ge 10 ]]; then
    apt_get install --yes --no-install-recommends "${packages[@]}"
  else
    install_from_backports "${packages[@]}"
  fi
  [[ $(qemu_major) -ge 10 ]] || die "The packages of this system bring no QEMU 10. Install QEMU 10 or newer by hand."
}

# The machine's own sources stay as they are: apt reads a copy of them, with the backports of the same mirror beside it.
install_from_backports() {
  local codename sources site
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  # shellcheck disable=SC2016 # apt fills these in.
  site=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
    awk -v release="$codename" '$2 == release { print $1; exit }')
  [[ -n $codename && -n $site ]] || die "No package source of this release is configured, so there are no backports."
  sources=$(mktemp -d)
  cp -r /etc/apt/sources.list.d/. "$sources/"
  [[ ! -e /etc/apt/sources.list ]] || cp /etc/apt/sources.list "$sources/main.list"
  printf 'Types: deb\nURIs: %s\nSuites: %s-backports\nComponents: main\nSigned-By: %s\n' "$site" "$codename" \
    /usr/share/keyrings/debian-archive-keyring.gpg >"$sources/lunette-backports.sources"
  # apt reads as another user.
  chmod -R a+rX "$sources"
  local with_backports=(-o "Dir::Etc::SourceParts=$sources" -o Dir::Etc::SourceList=/dev/null)
  apt_get "${with_backports[@]}" update
  apt_get "${with_backports[@]}" install --yes --no-install-recommends --target-release "$codename-backports" "$@"
  rm -r "$sources"
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
