#!/bin/sh
# Stands in for `go` in the tests of the parts. What it shall do stands in files beside it:
#   version      what it says its version is
#   fail         if there: a build says this and fails
#   gate         while it is there, a build waits (20 seconds at most)
#   manifests/   what the controller's module ships
# and it notes what it was asked in `calls`.
here=$(dirname "$0")
echo "$GOTOOLCHAIN: $*" >>"$here/calls"
for last; do :; done
case "$1" in
env)
    cat "$here/version"
    ;;
list)
    echo "go: downloading example.com/module v1.0.0" >&2
    printf 'unsafe\nruntime unsafe\nfmt runtime\n%s fmt\n' "${last#./}"
    ;;
build)
    out=
    for argument; do
        [ "$out" = next ] && out=$argument
        [ "$argument" = -o ] && out=next
    done
    echo half >"$out"
    echo "$$" >"$here/pid"
    waited=0
    while [ -e "$here/gate" ] && [ "$waited" -lt 400 ]; do
        sleep 0.05
        waited=$((waited + 1))
    done
    if [ -e "$here/fail" ]; then
        cat "$here/fail" >&2
        exit 1
    fi
    echo fmt >&2
    echo "${last#./}" >&2
    printf 'the binary of %s' "$last" >"$out"
    chmod +x "$out"
    ;;
mod)
    printf '{"Path": "%s", "Dir": "%s"}\n' "$last" "$here"
    ;;
esac
