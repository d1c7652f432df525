/**
 * System calls, counted by the kernel: all that a process makes, whoever in it makes them.
 *
 * @module
 */

const TRACING = "/sys/kernel/tracing";
const TRIGGER = `${TRACING}/events/raw_syscalls/sys_enter/trigger`;
const COUNT = "hist:keys=common_pid,id.syscall:size=8192";

function mount(): void {
  const args = ["-t", "tracefs", "tracefs", TRACING];
  const { success, stderr } = new Deno.Command("mount", { args }).outputSync();
  if (!success) throw new Error(`Cannot count system calls: ${new TextDecoder().decode(stderr).trim()}`);
}

function set(trigger: string): void {
  // To truncate that file would remove every trigger by itself.
  Deno.writeTextFileSync(TRIGGER, trigger, { append: true });
}

/** How often a process made each system call, by its name, while `work` was done. */
export async function countSystemCalls(pid: number, work: () => Promise<unknown>): Promise<Map<string, number>> {
  if (!Deno.readTextFileSync("/proc/mounts").includes(` ${TRACING} `)) mount();
  set(COUNT);
  try {
    await work();
    // The kernel counts for each thread, which it calls by its pid.
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
