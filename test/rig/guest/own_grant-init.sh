#!/bin/busybox sh
# The first process of a domU that uses a grant of its own. The kernel hands over `verb` from its command line.

export PATH=/usr/bin
mkdir -p /proc /sys /dev
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
for module in xen-evtchn xen-gntdev xen-gntalloc; do
  insmod "/modules/$module.ko"
done

echo "guest type: $(cat /sys/hypervisor/guest_type)"
own_grant "$verb"
# The kernel frees a page that was still mapped by a timer.
for second in 1 2 3; do
  # Processes need page tables: the kernel uses pages again that were freed.
  for process in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    busybox ls / > /dev/null
  done
  sleep 1
done
echo "still alive"
poweroff -f
