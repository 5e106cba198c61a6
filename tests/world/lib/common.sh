# shellcheck shell=bash
# Paths, messages, privileges and the artefact cache shared by the programs of the test world.

# A failure inside of $(...) is a failure of the whole.
shopt -s inherit_errexit

WORLD=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
TOP=$(cd -- "$WORLD/../.." && pwd)
CACHE=${DILLINGER_WORLD_CACHE:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/dillinger-runner/world}
export WORLD TOP CACHE

# shellcheck source=../../progress.sh
. "$WORLD/../progress.sh"

# The status of the front door's own failures, as podman-run(1) and env(1) use it.
FAILED=125

note() { printf 'world: %s\n' "$*" >&2; }

# die MESSAGE: ends with the status of the front door's own failures, for the reason that fail_with has set: `usage` at first.
die() {
    end_progress
    note "$*"
    [ -z "${REASON_FILE:-}" ] || printf '%s\n' "$REASON" >"$REASON_FILE"
    exit "$FAILED"
}

# fail_with REASON: what the failures from here on are: usage, build, unsupported, boot or died.
fail_with() { REASON=$1; }
fail_with usage

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

# plan FUNCTION [ARG...]: finds out which artefacts FUNCTION would build, so that each can say which of how many it is.
plan() {
    local list
    list=$(mktemp)
    PLANNED=$list "$@" >/dev/null
    PLAN=$(awk '!seen[$0]++' "$list")
    export PLAN
    rm -- "$list"
}

# artefact NAME BUILDER INPUT...: prints the directory of a cached artefact whose key is the hash of
# INPUT. If it is missing, `BUILDER DIRECTORY` makes it while callers in parallel wait. Artefacts of the same
# name and another key that nobody has used for a day are then removed: another checkout may be using a younger one.
artefact() {
    local name=$1 builder=$2 lock dir
    shift 2
    dir=$CACHE/$name-$(key_of "$@")
    if [ -n "${PLANNED:-}" ]; then
        [ -d "$dir" ] || printf '%s\n' "$name" >>"$PLANNED"
    elif [ ! -d "$dir" ]; then
        mkdir -p -- "$CACHE"
        exec {lock}>"$CACHE/$name.lock"
        if ! flock --nonblock "$lock"; then
            show_progress "world: waiting for $name, which another run builds"
            flock "$lock"
            end_progress
        fi
        [ -d "$dir" ] || build_artefact "$name" "$builder" "$dir"
        exec {lock}>&-
    else
        touch -c -- "$dir" 2>/dev/null || as_root touch -c -- "$dir"
    fi
    printf '%s\n' "$dir"
}

build_artefact() {
    local name=$1 builder=$2 dir=$3 log=$CACHE/$1.log began=$SECONDS status old
    fail_with build
    as_root rm -rf -- "$dir.part"
    mkdir -p -- "$dir.part"
    # A subshell of its own, in which the first error is the last step.
    set +e
    (set -e; false; true)
    status=$?
    [ "$status" -ne 0 ] || die "$name is asked for where the shell tests a status: a failure would not end its build"
    show_progress "world: building $name$(place_in_plan "$name") (log: $log)"
    (
        set -e
        "$builder" "$dir.part"
    ) >"$log" 2>&1 </dev/null
    status=$?
    set -e
    end_progress
    if [ "$status" -ne 0 ]; then
        tail -n 20 -- "$log" >&2
        die "building $name failed with status $status; the whole log is $log"
    fi
    mv -- "$dir.part" "$dir"
    while IFS= read -r old; do
        [[ ! ${old#"$CACHE/$name"-} =~ ^[0-9a-f]{16}$ ]] || as_root rm -rf -- "$old"
    done < <(find "$CACHE" -mindepth 1 -maxdepth 1 -name "$name-*" -mtime +0)
    note "built $name in $(duration $((SECONDS - began)))"
}

# place_in_plan NAME: prints which of how many artefacts it is; nothing if it is not in the plan.
place_in_plan() {
    awk -v name="$1" '$0 == name { place = NR } END { if (place) printf ", %d of %d", place, NR }' <<<"${PLAN:-}"
}
