# shellcheck shell=bash
# A guest's root on the host's own kernel: namespaces instead of a kernel of its own.

# native RUN LOWER CONTAINERS COMMAND [ARG...]: runs COMMAND as the first process of new namespaces, as root, with
# LOWER as the root, of which nothing changes, and CONTAINERS as player's container storage, which does change.
native() {
    as_root setsid --wait unshare --mount --pid --fork --kill-child --uts --ipc --net "$WORLD/lib/enter" "$@"
}

# start_native RUN LOWER STORAGE: starts a guest, for `boot`, on a copy of STORAGE.
start_native() {
    local run=$1 lower=$2 storage=$3 privileged=()
    copy_storage "$storage" "$run/containers"
    # No function here: the process itself has to be the leader of the group that `end_guest` ends.
    [ "$(id -u)" -eq 0 ] || privileged=(sudo --)
    setsid "${privileged[@]}" unshare --mount --pid --fork --kill-child --uts --ipc --net \
        "$WORLD/lib/enter" "$run" "$lower" "$run/containers" /world/guest/start </dev/null >"$run/boot.log" 2>&1 &
    GUEST_PID=$!
}

# copy_storage FROM TO: the files of the layers are never written to, so links do where both are of one file system;
# what Podman keeps about them is copied.
copy_storage() {
    local from=$1/storage to=$2/storage
    as_root mkdir -p -- "$to"
    as_root chown --reference="$from" -- "$2" "$to"
    as_root chmod --reference="$from" -- "$to"
    as_root cp -a --link -- "$from/overlay" "$to/" 2>/dev/null || as_root cp -a --reflink=auto -- "$from/overlay" "$to/"
    as_root find "$from" -mindepth 1 -maxdepth 1 ! -name overlay -exec cp -a -t "$to" -- {} +
}

# clean_native RUN: removes what a guest leaves on the host: its control groups, as soon as their processes are gone.
clean_native() {
    # shellcheck disable=SC2016  # for the inner shell
    as_root unshare --mount sh -c '
        mount -t cgroup2 none "$1/stage" && cd "$1/stage" || exit 0
        tries=0
        until find "$2" -depth -type d -exec rmdir {} + 2>/dev/null || [ "$tries" -eq 50 ]; do
            tries=$((tries + 1))
            sleep 0.1
        done' sh "$1" "${1##*/}"
}
