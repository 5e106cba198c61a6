# shellcheck shell=bash
# Whether the host's kernel does what a guest on it needs.

# require_native DIRECTORY: ends with the reason `unsupported` where root cannot make the namespaces and mounts of a native
# guest, which has its files in DIRECTORY.
require_native() {
    local problem
    mkdir -p -- "$1/support/"{lower,upper,work,root}
    # shellcheck disable=SC2016  # for the inner shell
    if ! problem=$(as_root unshare --mount --pid --fork --kill-child --uts --ipc --net --cgroup sh -ec '
        cd "$1"
        mount --make-rprivate /
        mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work none root
        mkdir root/cgroup
        mount -t cgroup2 none root/cgroup' sh "$1/support" 2>&1); then
        fail_with unsupported
        die "this host's kernel does not let root make a guest's namespaces and mounts: ${problem%%$'\n'*}"
    fi
    as_root rm -rf -- "$1/support"
}
