#!/bin/sh
# The lab's dom0: Xen's daemons, then what the host hands in over a disk. The host takes its snapshot between the two.
export PATH=/bin:/usr/bin:/usr/lib/xen-4.17/bin HOME=/root TERM=vt100
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts pts /dev/pts
mount -t tmpfs tmp /tmp
mount -t tmpfs run /run
for module in $(cat /lib/modules/order); do
  insmod /lib/modules/$module.ko || echo "lab: no module $module"
done
mount -t xenfs xenfs /proc/xen

mkdir -p /run/xenstored /run/xen
xenstored --pid-file /run/xenstored.pid
xen-init-dom0
xenconsoled --log=none --pid-file=/run/xenconsoled.pid

# By name: which port is which depends on the order in which they are found.
for port in /sys/class/virtio-ports/*; do
  ln -s "/dev/${port##*/}" "/dev/lab-$(cat "$port/name")"
done
exec 3<>/dev/lab-events
echo '{"event":"booted"}' >&3
read -r go <&3
cpio -i -d -u -m < /dev/vda 2>/dev/null
sh /lab/start.sh
echo '{"event":"ended"}' >&3
while :; do sleep 1000; done
