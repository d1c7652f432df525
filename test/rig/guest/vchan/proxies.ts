/** Xen's own `vchan-socket-proxy`, as Debian ships it: it stands between a vchan and a UNIX socket. */

import type { Domu } from "../domu.ts";

/** How to start one. */
export interface ProxyOptions {
  readonly mode: "client" | "server";
  /** The domain of the other side. */
  readonly domid: number;
  /** Where the server is, in XenStore. */
  readonly path: string;
  /** The socket: a client listens there, and a server connects to it. */
  readonly socket: string;
}

/** A running proxy. */
export interface Proxy {
  /** Kills it, if it runs. */
  kill(): Promise<void>;
}

/** Starts a proxy in this domain. */
export function startProxy({ mode, domid, path, socket }: ProxyOptions): Proxy {
  const process = new Deno.Command("vchan-socket-proxy", {
    args: [`--mode=${mode}`, String(domid), path, socket],
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  return {
    async kill() {
      process.kill("SIGKILL");
      const { signal, code } = await process.status;
      if (signal !== "SIGKILL") throw new Error(`the proxy had ended with ${signal ?? code}`);
    },
  };
}

/** Starts a proxy in a domU. */
export async function startProxyIn(domu: Domu, options: ProxyOptions): Promise<Proxy> {
  const proxy: number = await domu.call("proxyStart", { ...options });
  return { kill: () => domu.call("proxyKill", { proxy }) };
}

/** Runs one with its standard input and output in place of a socket. Returns what came from the other side. */
export async function runProxy(mode: "client" | "server", domid: number, path: string, input: string): Promise<string> {
  const process = new Deno.Command("vchan-socket-proxy", {
    args: [`--mode=${mode}`, String(domid), path, "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { success, code, stdout } = await process.output();
  if (!success) throw new Error(`the proxy ended with ${code}`);
  return new TextDecoder().decode(stdout);
}

/** The commands of a domU for these. */
export function proxyHandlers() {
  const proxies: Proxy[] = [];
  return {
    proxyStart: (options: ProxyOptions) => proxies.push(startProxy(options)) - 1,
    proxyKill: ({ proxy }: { proxy: number }) => proxies[proxy]!.kill(),
    proxyRun: (
      { mode, domid, path, input }: { mode: "client" | "server"; domid: number; path: string; input: string },
    ) => runProxy(mode, domid, path, input),
  };
}
