#!/bin/busybox sh
# The first process of a domU: sets the devices up and serves dom0's commands until dom0 destroys the domain.

export PATH=/usr/sbin:/usr/bin HOME=/root DENO_DIR=/var/cache/deno DENO_NO_UPDATE_CHECK=1 NO_COLOR=1
# Programs start faster for the second time.
export NODE_COMPILE_CACHE=/var/cache/node
mkdir -p /proc /sys /dev /tmp /root
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /tmp
# xen-privcmd is for programs in C alone.
for module in xen-evtchn xen-privcmd xen-gntdev xen-gntalloc; do
  insmod "/modules/$module.ko"
done

deno run --allow-all --no-config --no-lock --no-remote --no-npm /repo/test/rig/guest/domu_guest.ts
echo "the guest program ended with status $?"
poweroff -f
