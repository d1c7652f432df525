#!/bin/busybox sh
# The first and only process of dom0: sets the devices up, runs one test program, carries the logs out, powers off.
# The kernel hands over `rig`, `shell` and the traces to compare from its command line as variables.

export PATH=/usr/sbin:/usr/bin HOME=/root DENO_DIR=/var/cache/deno DENO_NO_UPDATE_CHECK=1 NO_COLOR=1
# Programs start faster for the second time.
export NODE_COMPILE_CACHE=/var/cache/node
mkdir -p /proc /sys /dev /tmp /root
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /tmp
for module in xen-evtchn xen-privcmd xenfs xen-gntdev xen-gntalloc; do
  insmod "/modules/$module.ko"
done

case "$rig" in domu | pvh | hvm | suspend | store | oxenstore | store-bench | vchan | cli | disk | disk-bench)
  mount -t xenfs xenfs /proc/xen
  # xenconsoled asks for a terminal for each domain.
  mkdir -p /dev/pts
  mount -t devpts devpts /dev/pts
  mkdir -p /run/xen /run/xenstored /var/lib/xen /var/lock /var/log/xen/console
  ln -s /run /var/run
  if [ "$rig" = oxenstore ]; then
    oxenstored
  else
    xenstored --pid-file=/run/xenstored.pid
  fi
  xen-init-dom0
  xenconsoled --log=guest --log-dir=/var/log/xen/console
  ;;
*)
  # Without a XenStore, the kernel's xenbus_probe waits for one to the end, and would be reported after four minutes.
  echo 0 > /proc/sys/kernel/hung_task_timeout_secs
  ;;
esac

if [ -n "$shell" ]; then
  echo "dom0 is ready; leave with: poweroff -f"
  setsid cttyhack sh
  poweroff -f
fi

case "$rig" in
  loopback) program=/repo/test/rig/guest/loopback.ts ;;
  differential) program=/repo/test/rig/guest/differential.ts ;;
  node) program=/repo/test/rig/guest/node.ts ;;
  litmus) program=/repo/test/rig/guest/litmus.ts ;;
  bench) program=/repo/bench/device/guest.ts ;;
  store-bench) program=/repo/bench/store_daemon/guest.ts ;;
  domu) program=/repo/test/rig/guest/domu_dom0.ts ;;
  pvh | hvm) program=/repo/test/rig/guest/own_grant.ts ;;
  suspend) program=/repo/test/rig/guest/suspend.ts ;;
  vchan) program=/repo/test/rig/guest/vchan/dom0.ts ;;
  cli) program=/repo/test/rig/guest/cli/dom0.ts ;;
  disk) program=/repo/test/rig/guest/disk/dom0.ts ;;
  disk-bench) program=/repo/bench/disk/guest.ts ;;
  store | oxenstore) program=/repo/test/rig/guest/store.ts ;;
esac
# No configuration and no network: nothing here may depend on what a package registry says.
deno run --allow-all --no-config --no-lock --no-remote --no-npm "$program"
status=$?

# A domU's console ends up in a file in here, which is lost with this machine: carry it out.
for log in /var/log/xen/console/guest-*.log; do
  if ! [ -s "$log" ]; then
    # Nobody could tell whether those kernels were well: the host takes such a line for a failure.
    case "$rig" in domu | store | oxenstore | vchan | cli | disk) echo "WARNING: no domU console was recorded" ;; esac
    continue
  fi
  name=${log##*/guest-}
  echo
  sed "s/^/@log ${name%.log} /" "$log"
  echo
done

# Twice, as a kernel message may cut one of them.
for again in 1 2; do
  echo
  echo "@end status=$status taint=$(cat /proc/sys/kernel/tainted)"
done
# The console is drained in the background.
sleep 1
poweroff -f
