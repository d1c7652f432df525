/**
 * Counts system calls by the kernel's tracing: all calls of a process, including those of its runtime.
 *
 * @module
 */
import { exec } from "../../scripts/exec.ts";

const TRACING = "/sys/kernel/tracing";
const TRIGGER = `${TRACING}/events/raw_syscalls/sys_enter/trigger`;
const COUNT = "hist:keys=common_pid,id.syscall:size=8192";

function set(trigger: string): void {
  // Truncating the file would remove all triggers.
  Deno.writeTextFileSync(TRIGGER, trigger, { append: true });
}

/** Counts how often a process makes each system call, by name, during `work`. */
export async function countSystemCalls(pid: number, work: () => Promise<unknown>): Promise<Map<string, number>> {
  if (!Deno.readTextFileSync("/proc/mounts").includes(` ${TRACING} `)) {
    await exec("mount", ["-t", "tracefs", "tracefs", TRACING]);
  }
  set(COUNT);
  try {
    await work();
    // What the kernel calls a pid is the id of a thread.
    const threads = new Set([...Deno.readDirSync(`/proc/${pid}/task`)].map(({ name }) => name));
    const counts = new Map<string, number>();
    const entry = /common_pid: +(\d+), id: (\w+) .*hitcount: +(\d+)/g;
    for (const [, thread, call, count] of Deno.readTextFileSync(TRIGGER.replace(/trigger$/, "hist")).matchAll(entry)) {
      if (!threads.has(thread!)) continue;
      const name = call!.replace(/^sys_/, "");
      counts.set(name, (counts.get(name) ?? 0) + Number(count));
    }
    return counts;
  } finally {
    set(`!${COUNT}`);
  }
}
