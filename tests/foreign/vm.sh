#!/bin/sh
# Builds a small machine with Debian's pppd and Linux's USB printer gadgets in it: `vmlinuz` and `initrd` in the folder that is named.
# Packages come from this system's own sources of Debian 12 and are unpacked, never installed.
#
#   tests/foreign/vm.sh FOLDER
#
# The machine's first serial line is its console; the second is the telephone line. What it does is
# named on the kernel's command line: `role=answer` or `role=call`, and `options=` with words of pppd
# joined by commas. After each call it begins again.
#
# With `role=usb` it plugs two equal printers into itself, which differ in their serial numbers A1 and
# A2 and whose other ends are `/dev/g_printer0` and `/dev/g_printer1`, and runs `/usb/run`, which a
# second archive behind `initrd` brings.
set -eu
script=$(cd "$(dirname "$0")" && pwd)/$(basename "$0")
packaged=$(cd "$(dirname "$0")/../../packaging/server/mgetty-pppd" && pwd)/options.pennyblack
folder=$1
mkdir -p "$folder"
cd "$folder"
[ -f vmlinuz ] && [ initrd -nt "$script" ] && [ initrd -nt "$packaged" ] && exit 0
rm -rf packages unpacked root
mkdir packages unpacked root
image=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
(cd packages && apt-get download -q "$image" busybox-static ppp openssl libpcap0.8 libpam0g libaudit1 \
    libcap-ng0 libc6 libcrypt1 libssl3 libdbus-1-3 libsystemd0 libgcrypt20 liblzma5 libzstd1 \
    liblz4-1 libcap2 libgpg-error0 libibverbs1 libnl-3-200 libnl-route-3-200 >/dev/null)
for package in packages/*.deb; do
    dpkg -x "$package" unpacked
done
cp unpacked/boot/vmlinuz-* vmlinuz

cd root
mkdir -p bin dev proc sys tmp run etc/ppp lib/modules usr/sbin var/run var/lock
cp ../unpacked/bin/busybox bin/
cp ../unpacked/usr/sbin/pppd ../unpacked/usr/bin/openssl bin/
# The programs and the libraries they name, from the packages alone.
libraries() {
    LD_LIBRARY_PATH=$libs "$loader" --list "$1" | sed -n 's/.*=> \([^ ]*\) .*/\1/p'
}
unpacked=$(cd ../unpacked && pwd)
libs=$unpacked/lib/x86_64-linux-gnu:$unpacked/usr/lib/x86_64-linux-gnu
loader=$unpacked/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2
mkdir -p lib64 lib/x86_64-linux-gnu
cp -L "$loader" lib64/
for library in $(libraries bin/pppd) $(libraries bin/openssl); do
    cp -L "$library" lib/x86_64-linux-gnu/
done
for module in slhc ppp_generic ppp_async configfs usb-common usbcore udc-core dummy_hcd \
    libcomposite usb_f_printer usblp; do
    cp "$(find ../unpacked/lib/modules -name "$module.ko")" lib/modules/
done
cp bin/busybox ../busybox

cat >etc/ppp/chap-secrets <<'SECRETS'
station * "a secret of the station" *
center * "a secret of the station" *
SECRETS
cp etc/ppp/chap-secrets etc/ppp/pap-secrets
chmod 600 etc/ppp/*-secrets
cp "$packaged" etc/ppp/
# What a caller reaches at the other end, at its own address and at any other: told on the console
# where the call was made with `ipparam probe`.
cat >etc/ppp/ip-up <<'UP'
#!/bin/busybox sh
PATH=/bin
OPENSSL_CONF=/dev/null
export PATH OPENSSL_CONF
[ "$6" = probe ] || exit 0
exec >/dev/console 2>&1
for address in "$5" 203.0.113.9; do
    for port in 443 22 80 7443; do
        if nc -w 20 "$address" "$port" </dev/null; then
            echo "OPEN $address $port"
        else
            echo "SHUT $address $port"
        fi
    done
    echo | openssl s_client -connect "$address:443" -tls1_3 -brief
done
echo PROBED
UP
chmod 755 etc/ppp/ip-up
cat >init <<'INIT'
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
ip link set lo up
for word in $(cat /proc/cmdline); do
    case $word in
        role=*) role=${word#role=} ;;
        options=*) options=$(echo "${word#options=}" | tr , ' ') ;;
    esac
done
if [ "$role" = usb ]; then
    for module in configfs usb-common usbcore udc-core; do insmod /lib/modules/$module.ko; done
    insmod /lib/modules/dummy_hcd.ko num=2
    for module in usblp libcomposite usb_f_printer; do insmod /lib/modules/$module.ko; done
    mount -t configfs config /sys/kernel/config
    for printer in 0 1; do
        gadget=/sys/kernel/config/usb_gadget/printer$printer
        mkdir -p "$gadget/strings/0x409" "$gadget/configs/c.1" "$gadget/functions/printer.$printer"
        echo 0x0a5f >"$gadget/idVendor"
        echo 0x0166 >"$gadget/idProduct"
        echo "A$((printer + 1))" >"$gadget/strings/0x409/serialnumber"
        echo "Zebra Technologies" >"$gadget/strings/0x409/manufacturer"
        echo "ZTC ZD421-203dpi ZPL" >"$gadget/strings/0x409/product"
        echo "MFG:Zebra Technologies ;CMD:ZPL;MDL:ZTC ZD421-203dpi ZPL;CLS:PRINTER;" \
            >"$gadget/functions/printer.$printer/pnp_string"
        ln -s "$gadget/functions/printer.$printer" "$gadget/configs/c.1/"
        echo "dummy_udc.$printer" >"$gadget/UDC"
    done
    while [ ! -e /dev/usb/lp0 ] || [ ! -e /dev/usb/lp1 ]; do sleep 1; done
    echo "READY $role"
    /usb/run
    echo "ENDED $?"
    poweroff -f
fi
for module in slhc ppp_generic ppp_async; do insmod /lib/modules/$module.ko; done
[ -e /dev/ppp ] || mknod /dev/ppp c 108 0
# What is sent to the machine's echo comes back, to show that packets pass.
nc -ll -p 7 -e cat &
case $role in
    answer) addresses="192.168.7.1:192.168.7.10 silent name center" ;;
    call) addresses="noipdefault user station" ;;
esac
echo "READY $role"
while :; do
    stty -F /dev/ttyS1 raw -echo 115200
    pppd /dev/ttyS1 115200 $addresses nodetach debug local noproxyarp noccp $options
    echo "ENDED $?"
    [ "$role" = call ] && sleep 1
done
INIT
chmod 755 init
find . | bin/busybox cpio -o -H newc 2>/dev/null | gzip -9 >../initrd
cd ..
rm -rf packages unpacked root
