# Sourced by the other scripts: `set_up HOST-OR-DESKTOP [EXTRA]` gives a fresh machine all they need, and is quick again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# What Qt loads at run time (a machine with a desktop has nearly all); the last two lines for windows on X and Wayland.
QT_LIBRARIES=(libgl1 libegl1 libglib2.0-0 libdbus-1-3 libxkbcommon0 libfontconfig1 libfreetype6 libbrotli1
    fonts-dejavu-core fonts-noto-color-emoji
    libxcb-cursor0 libxkbcommon-x11-0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 libxcb-xkb1
    libwayland-cursor0 libwayland-egl1)
FITS='import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))'

say() { echo "mrsambosk: $*" >&2; }

# Install those of the named Debian packages that are missing, asking for rights only then.
packages() {
    local have missing=() root=()
    if ! command -v apt-get >/dev/null; then
        say "No apt-get here, so system libraries are left to you; README.md lists them."
        return
    fi
    have=$(dpkg-query -W -f='${db:Status-Abbrev}, ${Package}, ${Provides},\n' | grep '^ii')
    for name; do grep -Eq ", $name(:[a-z0-9]+)?( \([^)]*\))?," <<<"$have" || missing+=("$name"); done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "Installing system packages: ${missing[*]}"
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || { say "Install these as root, then start this again: ${missing[*]}"; exit 1; }
        root=(sudo)
    fi
    "${root[@]}" apt-get update -q >&2
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}" >&2
}

set_up() {
    local kind=$1 extras python=python3 stamp wanted
    extras=$(IFS=,; [ "$kind" = host ] && shift; echo "$*")
    stamp=.setup/${extras:-host}
    wanted=$(cat pyproject.toml constraints.txt scripts/setup.sh | cksum; pwd)
    if [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && .venv/bin/python -c ''; then return; fi
    [ "$kind" = host ] || packages "${QT_LIBRARIES[@]}"
    if ! .venv/bin/python -c "$FITS" 2>/dev/null; then
        "$python" -c "$FITS" 2>/dev/null || packages python3 python3-venv
        "$python" -c "$FITS" || { say "Python 3.11 or later with venv is needed; $("$python" -V 2>&1) is here."; exit 1; }
        say "Making the virtual environment .venv"
        rm -rf .venv .setup
        "$python" -m venv .venv
    fi
    say "Installing the Python packages of constraints.txt"
    .venv/bin/python -m pip install -q --disable-pip-version-check -c constraints.txt -e ".${extras:+[$extras]}" >&2
    mkdir -p .setup
    echo "$wanted" >"$stamp"
}
