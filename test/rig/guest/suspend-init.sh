#!/bin/busybox sh
# The first process of a domU that is saved and restored. The kernel hands over `verb` from its command line.

export PATH=/usr/bin
mkdir -p /proc /sys /dev
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
for module in xen-evtchn xen-gntdev xen-gntalloc; do
  insmod "/modules/$module.ko"
done

suspend "$verb"
echo "- status $?"
# Dom0 destroys the domain.
while true; do
  sleep 60
done
