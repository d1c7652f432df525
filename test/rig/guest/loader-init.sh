#!/bin/busybox sh
# The first process of an HVM domU: unpacks the domU's files, which are on its disk, and goes on with their init.

export PATH=/usr/bin
mkdir -p /proc /dev /domu
mount -t proc proc /proc
mount -t devtmpfs devtmpfs /dev
insmod /modules/xen-blkfront.ko
until [ -b /dev/xvde ]; do
  sleep 0.1
done
mount -t tmpfs -o size=90% tmpfs /domu
cd /domu
cpio -i < /dev/xvde
umount /proc /dev
exec switch_root /domu /init
