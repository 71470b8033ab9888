# shellcheck shell=bash
# What the scripts here share: where things are kept, how to speak, how to install what is missing.
# Source it; it runs nothing by itself.

set -euo pipefail

# The repository and the folder for what is costly to make and can be made again.
# shellcheck disable=SC2034  # for the scripts that source this file
REPO="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)"
# shellcheck disable=SC2034  # for the scripts that source this file
CACHE="${PYPERF_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/pyperf}"

# stdout is for answers; all talk goes to stderr.
note() {
    printf '%s\n' "$*" >&2
}

die() {
    note "${0##*/}: $*"
    exit 1
}

as_root() {
    if ((EUID == 0)); then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "needs root for '$1': run as root, or install sudo"
    fi
}

# present PROBE: is it there?  A probe is a command, an absolute path, or pkg:NAME for pkg-config.
present() {
    case $1 in
    pkg:*) pkg-config --exists "${1#pkg:}" 2>/dev/null ;;
    /*) [[ -e $1 ]] ;;
    *) PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null ;;
    esac
}

# install_missing PROBE=PACKAGE...: installs the packages whose probe finds nothing.
# Nothing is run and nothing is printed when all are present.
install_missing() {
    local pair missing=()
    for pair in "$@"; do
        present "${pair%%=*}" || missing+=("${pair#*=}")
    done
    ((${#missing[@]})) || return 0
    command -v apt-get >/dev/null || die "missing ${missing[*]}: install them (no apt-get here to do it)"
    note "installing ${missing[*]} ..."
    apt_get update -qq || note "apt-get update failed: going on with the package lists at hand"
    apt_get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
        die "apt-get could not install ${missing[*]}"
}

apt_get() {
    # Standard input is closed to it: a package's question must never stop a script.
    as_root env DEBIAN_FRONTEND=noninteractive apt-get "$@" </dev/null
}

# The package that brings perf: Debian's name, or Ubuntu's.
perf_package() {
    # shellcheck source=/dev/null
    if [[ $(. /etc/os-release 2>/dev/null && echo "${ID:-}") == ubuntu ]]; then
        echo linux-tools-generic
    else
        echo linux-perf
    fi
}
