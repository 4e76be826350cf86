# Sourced by ./quickstart and ./check: installs what is missing of packaging/packages.txt.

# Names in the list, one a line; "build" gives those above "# test", "all" gives all.
packages_listed () {
    local list="$1/packaging/packages.txt"
    if [ "$2" = build ]; then
        sed '/^# test/,$d' "$list" | grep -v '^#' | grep .
    else
        grep -v '^#' "$list" | grep .
    fi
}

# Node.js may have come from somewhere else than from Debian.
package_is_there () {
    case "$1" in
        nodejs) command -v node > /dev/null && return 0 ;;
        npm) command -v npm > /dev/null && return 0 ;;
    esac
    dpkg-query -W -f '${Status}' "$1" 2> /dev/null | grep -q 'ok installed'
}

packages_missing () {
    local name
    for name in $(packages_listed "$1" "$2"); do
        package_is_there "$name" || echo "$name"
    done
}

# packages_install ROOT build|all
packages_install () {
    local missing as_root=()
    mapfile -t missing < <(packages_missing "$1" "$2")
    [ ${#missing[@]} -eq 0 ] && return 0
    if ! command -v apt-get > /dev/null; then
        echo "These Debian packages are missing, and there is no apt-get: ${missing[*]}" >&2
        return 1
    fi
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo > /dev/null; then
            echo "These packages are missing; install them as root: apt-get install ${missing[*]}" >&2
            return 1
        fi
        as_root=(sudo)
    fi
    echo "Installing ${missing[*]}"
    local log
    log=$(mktemp)
    if ! { "${as_root[@]}" apt-get -q update &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends "${missing[@]}"; } \
        > "$log" 2>&1 < /dev/null; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}
