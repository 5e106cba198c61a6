# shellcheck shell=bash
# Paths, messages, privileges and the artefact cache shared by the programs of the test world.

# A failure inside of $(...) is a failure of the whole.
shopt -s inherit_errexit

WORLD=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
TOP=$(cd -- "$WORLD/../.." && pwd)
CACHE=${DILLINGER_WORLD_CACHE:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/dillinger-runner/world}
export WORLD TOP CACHE

# The status of the front door's own failures, as podman-run(1) and env(1) use it.
FAILED=125

note() { printf 'world: %s\n' "$*" >&2; }

die() {
    note "$*"
    exit "$FAILED"
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -- "$@"; fi
}

# suite_of GUEST: prints the Debian suite of a guest.
suite_of() {
    case $1 in
        debian13) echo trixie ;;
        debian14) echo forky ;;
        *) die "unknown guest '$1': debian13 or debian14" ;;
    esac
}

# packages_in FILE...: prints the package names of the lists, separated by commas.
packages_in() { sed -e 's/#.*//' -- "$@" | tr -s ' \n' ',' | sed -e 's/^,//' -e 's/,$//'; }

# key_of INPUT...: prints a short hash of files, or of the text itself where no such file exists.
key_of() {
    local input
    for input; do
        if [ -f "$input" ]; then cat -- "$input"; else printf '%s\n' "$input"; fi
    done | sha256sum | cut -c1-16
}

# artefact NAME BUILDER INPUT...: prints the directory of a cached artefact whose key is the hash of
# INPUT. If it is missing, `BUILDER DIRECTORY` makes it while callers in parallel wait; the artefacts
# of the same name and another key are then removed.
artefact() {
    local name=$1 builder=$2 lock dir
    shift 2
    dir=$CACHE/$name-$(key_of "$@")
    if [ ! -d "$dir" ]; then
        mkdir -p -- "$CACHE"
        exec {lock}>"$CACHE/$name.lock"
        flock "$lock"
        [ -d "$dir" ] || build_artefact "$name" "$builder" "$dir"
        exec {lock}>&-
    fi
    printf '%s\n' "$dir"
}

build_artefact() {
    local name=$1 builder=$2 dir=$3 log=$CACHE/$1.log began=$SECONDS old
    note "building $name (log: $log)"
    as_root rm -rf -- "$dir.part"
    mkdir -p -- "$dir.part"
    # A subshell of its own, since `set -e` has no effect where the status is tested.
    set +e
    (
        set -e
        "$builder" "$dir.part"
    ) >"$log" 2>&1 </dev/null
    local status=$?
    set -e
    if [ "$status" -ne 0 ]; then
        tail -n 20 -- "$log" >&2
        die "building $name failed, the whole log is $log"
    fi
    mv -- "$dir.part" "$dir"
    for old in "$CACHE/$name"-*; do
        [ "$old" = "$dir" ] || as_root rm -rf -- "$old"
    done
    note "built $name in $((SECONDS - began)) s"
}
