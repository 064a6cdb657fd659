#!/bin/busybox sh
# The first program of the stubdomain's kernel: the real root is a compressed image beside it, of which only what is used comes into memory.
mount -t devtmpfs dev /dev
while read -r module; do
  insmod "/modules/$module.ko"
done < /modules/order
mount -t squashfs -o ro,loop /root.squashfs /root
umount /dev
# Removes what is here, this file included; the image stays as long as it is mounted.
exec switch_root /root /init
