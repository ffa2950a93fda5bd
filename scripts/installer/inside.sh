#!/usr/bin/env bash
# What scripts/installer-test does inside the fresh system: inside.sh OLDER.deb NEWER.deb
set -euo pipefail
older=$1 newer=$2
say() { echo "  $*" >&2; }
fail() { echo "  FAILED: $*" >&2; exit 1; }
as_dana() { su dana -s /bin/bash -c "cd; $*"; }
data=/home/dana/.local/share/mrsambosk/host

install() { apt-get install -qy --no-install-recommends "$1" >/tmp/apt.log 2>&1 || { tail -30 /tmp/apt.log >&2; fail "apt"; }; }

# Starts a host as Dana with the options $2…, runs $1 while it serves, ends it in order.
with_host() {
    local during=$1
    shift
    mkfifo /tmp/stop
    chmod 666 /tmp/stop
    as_dana "mrsambosk host --name Staffroom --port 0 --no-announce --owner Dana --ready-json --stop-on-eof $*" \
        </tmp/stop >/tmp/ready &
    local host=$!
    exec 9>/tmp/stop
    for _ in $(seq 600); do grep -q '"event":"ready"' /tmp/ready && break; sleep 0.1; done
    grep -q '"event":"ready"' /tmp/ready || fail "the host was never ready"
    "$during"
    exec 9>&-
    wait $host || fail "the host ended with $?"
    rm /tmp/stop
}
said() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",]*\).*/\1/p" /tmp/ready; }
# One request to the host that runs without TLS: METHOD BODY
messages() {
    exec 8<>"/dev/tcp/127.0.0.1/$(said port)"
    printf '%s /api/v1/rooms/lobby/messages HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nAuthorization: Bearer %s\r\n' \
        "$1" "$(said port)" "$(said owner_token)" >&8
    printf 'Content-Type: application/json\r\nIdempotency-Key: installer-test-1\r\nContent-Length: %s\r\n' "${#2}" >&8
    printf 'Connection: close\r\n\r\n%s' "$2" >&8
    cat <&8
    exec 8>&-
}
write_message() { messages POST '{"body":"Before the upgrade"}' | grep -q '^HTTP/1.1 20' || fail "no message was stored"; }
read_message() { messages GET '' | grep -q 'Before the upgrade' || fail "what was written is gone"; }
keep_fingerprint() { said fingerprint >/tmp/before; }
compare_fingerprint() { test "$(said fingerprint)" = "$(cat /tmp/before)" || fail "the host is another one now"; }

useradd --create-home --shell /bin/bash dana
apt-get update -q >/dev/null
say "install $(basename "$older") with what it depends on"
install "$older"
test "$(as_dana 'mrsambosk --version')" = "Mrsambosk $(dpkg-deb -f "$newer" Version)" || fail "--version"
for file in /usr/share/applications/mrsambosk.desktop /usr/share/man/man1/mrsambosk.1.gz \
    /usr/share/icons/hicolor/48x48/apps/mrsambosk.png /usr/lib/systemd/user/mrsambosk-host.service \
    /usr/share/doc/mrsambosk/licences/LICENCES.txt /usr/share/doc/mrsambosk/copyright; do
    test -s $file || fail "$file is missing"
done
test -z "$(find /usr/lib/mrsambosk -perm /022 ! -type l)" || fail "others may write to what was installed"
say "nothing that a library needs is missing"
for file in /usr/lib/mrsambosk/mrsambosk $(find /usr/lib/mrsambosk -name '*.so*' -type f); do
    # The program finds what is in its own folder by the path that its bootloader sets.
    LD_LIBRARY_PATH=/usr/lib/mrsambosk/_internal ldd "$file" 2>/dev/null | grep 'not found' && fail "$file"
done
say "start it: host, join, post, delete, as an ordinary user"
as_dana 'mrsambosk --smoke' | tee /tmp/smoke >&2
grep -q '"smoke": "passed"' /tmp/smoke || fail "--smoke"
test -z "$(find /home/dana /tmp -iname '*mrsambosk*')" || fail "--smoke left something behind"
say "the app itself starts, and ends when told to"
setpriv --reuid=dana --regid=dana --init-groups env HOME=/home/dana USER=dana QT_QPA_PLATFORM=offscreen \
    mrsambosk --no-discovery 2>/tmp/app.log &
app=$!
for _ in $(seq 600); do grep -q 'the window is shown' /tmp/app.log && break; sleep 0.1; done
grep -q 'the window is shown' /tmp/app.log || { cat /tmp/app.log >&2; fail "no window"; }
kill $app
wait $app || fail "the app ended with $?"
say "use it as a host"
with_host keep_fingerprint
test "$(wc -c </tmp/before)" -gt 40 || fail "no fingerprint"
with_host write_message --no-tls
test -s $data/*.db || fail "no database"
say "upgrade to $(basename "$newer")"
install "$newer"
test "$(dpkg-query -W -f='${Version}' mrsambosk)" = "$(dpkg-deb -f "$newer" Version)" || fail "the version installed"
as_dana 'mrsambosk verify' | grep -q 'room.db: good' || fail "the room's database is not good"
with_host compare_fingerprint
with_host read_message --no-tls
as_dana 'mrsambosk --smoke' | grep -q '"smoke": "passed"' || fail "--smoke after the upgrade"
say "remove it"
apt-get remove -qy mrsambosk >/dev/null 2>&1 || fail "remove"
test ! -e /usr/bin/mrsambosk && test ! -e /usr/lib/mrsambosk || fail "the program is still there"
say "install it again, and purge it"
install "$newer"
apt-get purge -qy mrsambosk >/dev/null 2>&1 || fail "purge"
test -z "$(dpkg -l mrsambosk 2>/dev/null | grep '^[a-z][a-z]  *mrsambosk' | grep -v '^un')" || fail "dpkg still knows it"
find / -xdev -iname '*mrsambosk*' -not -path '/proc/*' -not -path '/opt/*' -not -path '/home/*' -not -path '/var/lib/dpkg/*' \
    -not -path '/var/log/*' -not -path '/var/cache/*' | grep . && fail "something was left behind"
test -s $data/*.db || fail "the data is gone"
say "install it once more: what Dana wrote is still there"
install "$newer"
with_host read_message --no-tls
