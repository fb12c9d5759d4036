# shellcheck shell=bash disable=SC2154,SC2034
# Helpers of ci/node-image/build.

cache=${PROOFROLL_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/proofroll}/node-image
base=proofroll/node-unchecked:base
unchecked=proofroll/node-unchecked:latest
container=proofroll-node-build

say() { echo "node image: $*" >&2; }
fail() {
    say "$*"
    exit 3
}

proofroll() {
    if [ -n "${PROOFROLL:-}" ]; then
        "$PROOFROLL" "$@"
    else
        cargo run --quiet --locked --manifest-path "$repository/Cargo.toml" --package proofroll -- "$@"
    fi
}

go_() { GOTOOLCHAIN=auto GOWORK=off GOFLAGS="-mod=readonly -buildvcs=false" CGO_ENABLED=0 "${PROOFROLL_GO:-go}" "$@"; }

# Runs a command that says much; shows the end of it if it fails.
quietly() {
    local status=0
    "$@" >"$work/log" 2>&1 || status=$?
    if [ "$status" != 0 ]; then
        tail -n 25 "$work/log" >&2
        say "failed ($status): $1 ${2:-}"
    fi
    return "$status"
}

# eventually SECONDS COMMAND: asks until it is so, for so many seconds at most.
eventually() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.2
    done
}

docker_has() { docker image inspect "$1" >/dev/null 2>&1; }

# kind with a cluster and a network of our own: nobody else's can get into the way.
kind() {
    KIND_EXPERIMENTAL_DOCKER_NETWORK=proofroll-node-check "$work/bin/kind" "$@" --name proofroll-node-check
}

# version_of PROGRAM: as pinned, without v.
version_of() { sed -n "s/^$1-v\([0-9.]*\)-.*/\1/p" <<<"$entries"; }

# Where packages come from: as this machine's apt is told, if that knows bookworm; else Debian's own servers.
debian_sources() {
    grep -lsE '^[^#]*\bbookworm\b' /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} || true
}

clean_up() {
    trap - INT TERM
    if [ -x "$work/bin/kind" ]; then kind delete cluster --kubeconfig "$work/kubeconfig" >/dev/null 2>&1 || true; fi
    remove_ours
    rm -rf "$work"
}

# Containers and images of a build, and the network of its check.
remove_ours() {
    {
        docker rm --force --volumes "$container"
        docker ps --all --quiet --filter "label=io.x-k8s.kind.cluster=proofroll-node-check" | xargs -r docker rm --force --volumes
        docker image rm "$unchecked" "$base"
        docker network rm proofroll-node-check
    } >/dev/null 2>&1 || true
}

# Who holds the lock is alone: whatever a build left was left by a killed one.
clean_up_after_the_killed() {
    remove_ours
    rm -rf "$cache"/work.*
}

# Of older ones three are kept, for other branches; Docker itself refuses to remove one that is in use.
forget_old_images() {
    # The names are ours: no odd characters.
    # shellcheck disable=SC2012
    ls -t "$cache"/v*.tar.zst | tail -n +4 | xargs -r rm -f
    docker image ls --format '{{.Repository}}:{{.Tag}}' proofroll/node | tail -n +4 | xargs -r docker image rm >/dev/null 2>&1 || true
}

# tree DIRECTORY: as a tar file that is the same every time.
tree() { tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$1" -cf - .; }

# An archive as `docker save` makes it, and docker load and ctr import read it: image_archive DIRECTORY begins
# one; layer NAME takes one from stdin; add_image NAME PROGRAM LAYER... adds an image; finish_archive FILE
# [JQ-FILTER] writes it, its images' configurations changed by the filter.
image_archive() {
    archive_directory=$1
    mkdir -p "$1"
    archive_images=()
}

layer() { cat >"$archive_directory/$1.tar"; }

add_image() { archive_images+=("$*"); }

finish_archive() {
    local file=$1 filter=${2:-.} name program layers manifest='[]' config architecture
    case $(uname -m) in
    x86_64) architecture=amd64 ;;
    aarch64) architecture=arm64 ;;
    *) architecture=$(uname -m) ;;
    esac
    local each image
    for image in "${archive_images[@]}"; do
        read -r name program layers <<<"$image"
        config=$(
            for each in $layers; do sha256sum <"$archive_directory/$each.tar"; done |
                jq -R '"sha256:" + (. / " ")[0]' | jq -s --arg program "$program" --arg architecture "$architecture" '{
                    architecture: $architecture, os: "linux", created: "1970-01-01T00:00:00Z",
                    config: {Entrypoint: [$program], Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]},
                    rootfs: {type: "layers", diff_ids: .}}' | jq "$filter"
        )
        program=$(sha256sum <<<"$config")
        printf '%s\n' "$config" >"$archive_directory/${program:0:64}.json"
        manifest=$(jq --arg name "$name" --arg config "${program:0:64}.json" --arg layers "$layers" \
            '. + [{Config: $config, RepoTags: [$name], Layers: ($layers / " " | map(. + ".tar"))}]' <<<"$manifest")
    done
    printf '%s\n' "$manifest" >"$archive_directory/manifest.json"
    tree "$archive_directory" >"${file/#-//dev/stdout}"
    rm -rf "$archive_directory"
}
