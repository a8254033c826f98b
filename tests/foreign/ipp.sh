#!/bin/sh
# Runs a command beside printers by `ippeveprinter`, in network, mounts and processes of its own, with
# the Avahi that `ippeveprinter` does not start without. Nothing outside is seen or touched, and all of
# it ends with the command.
#
#   unshare --net --mount --pid --fork --kill-child tests/foreign/ipp.sh FOLDER COMMAND...
#
# FOLDER gets a spool for each printer: `counts` counts its page, `aborts` gives every job up, `slow`
# takes a second for one, `empty` runs out of paper in the middle. Their ports are 18631 and on.
set -eu
folder=$1
shift
ip link set lo up multicast on
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
mkdir -p /run/dbus /run/avahi-daemon
cat >"$folder/bus.conf" <<'CONF'
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
CONF
cat >"$folder/avahi.conf" <<'CONF'
[server]
allow-interfaces=lo
use-ipv6=no
[wide-area]
enable-wide-area=no
[publish]
publish-workstation=no
CONF
dbus-daemon --config-file="$folder/bus.conf" --nofork --nopidfile >"$folder/dbus.log" 2>&1 &
# At most a minute: four certificates are made at once, and a full machine takes its time.
wait_for() {
    for _ in $(seq 1200); do
        if "$@" >/dev/null 2>&1; then return 0; fi
        sleep 0.05
    done
    echo "not ready in time: $*" >&2
    cat "$folder"/*.log >&2
    exit 1
}
wait_for test -S /run/dbus/system_bus_socket
avahi-daemon --no-drop-root --no-chroot --no-rlimits -f "$folder/avahi.conf" >"$folder/avahi.log" 2>&1 &
# Its socket is there before its name on the bus, without which the printers end with a failed assertion.
avahi_runs() {
    dbus-send --system --print-reply --dest=org.freedesktop.Avahi / \
        org.freedesktop.Avahi.Server.GetState | grep -q "int32 2"
}
wait_for avahi_runs

# What each printer does with a job: what it says on its standard error is IPP's.
cat >"$folder/counts.sh" <<'DOES'
#!/bin/sh
echo "ATTR: job-impressions=1 job-impressions-completed=1" >&2
DOES
cat >"$folder/aborts.sh" <<'DOES'
#!/bin/sh
exit 1
DOES
cat >"$folder/slow.sh" <<'DOES'
#!/bin/sh
sleep 1
echo "ATTR: job-impressions=1 job-impressions-completed=1" >&2
DOES
cat >"$folder/empty.sh" <<'DOES'
#!/bin/sh
echo "STATE: +media-empty" >&2
sleep 20
DOES
# Each makes its certificate in a folder of its own: without one named, those of root go into CUPS's,
# which is not there on a machine without CUPS, and in a common one they would write over each other's.
port=18631
for printer in counts aborts slow empty; do
    chmod +x "$folder/$printer.sh"
    mkdir -p "$folder/$printer" "$folder/keys-$printer"
    ippeveprinter -k -K "$folder/keys-$printer" -d "$folder/$printer" -p "$port" -n localhost \
        -c "$folder/$printer.sh" -f application/pdf,image/pwg-raster "$printer" >"$folder/$printer.log" 2>&1 &
    port=$((port + 1))
done
for port in 18631 18632 18633 18634; do
    wait_for ipptool -q "ipp://localhost:$port/ipp/print" get-printer-attributes.test
done
"$@"
