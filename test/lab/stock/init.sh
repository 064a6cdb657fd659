#!/bin/sh
# A stubdomain without an agent: QEMU, and QMP over vchan.
export PATH=/bin:/usr/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
for directory in /tmp /run; do mount -t tmpfs tmpfs "$directory"; done
mkdir -p /dev/shm
mount -t tmpfs tmpfs /dev/shm
insmod /lib/modules/xen-privcmd.ko unrestricted=1
insmod /lib/modules/xen-gntalloc.ko limit=1073741824
for module in xen-evtchn xenfs xen-gntdev xen-blkfront xen-netfront xen-pcifront; do insmod /lib/modules/$module.ko; done
mount -t xenfs xenfs /proc/xen
echo 1 > /proc/sys/vm/overcommit_memory

target=$(xenstore-read target)
arguments=$(xenstore-read "/local/domain/$target/vm")/image/dm-argv
IFS='
'
set -f
set --
for name in $(xenstore-list "$arguments" | sort -n); do set -- "$@" "$(xenstore-read "$arguments/$name")"; done
/usr/libexec/xen-qemu-system-i386 -qmp unix:/run/qmp,server=on,wait=off "$@" &
while [ ! -S /run/qmp ]; do usleep 20000; done
/usr/lib/xen-4.17/bin/vchan-socket-proxy --mode=server 0 "device-model/$target/qmp-vchan" /run/qmp &

# As test/lab/inside/meddler.ts does beside the agent.
mkdir /run/nothing
xenstore-watch data | while read -r _; do
  what=$(xenstore-read data/meddle 2>/dev/null)
  [ "$what" = "$done" ] && continue
  case $what in
    hide-sysfs) mount -o bind /run/nothing /sys/bus/pci/devices ;;
    show-sysfs) umount /sys/bus/pci/devices ;;
  esac
  xenstore-write data/meddled "$what"
  done=$what
done
while :; do sleep 1000; done
