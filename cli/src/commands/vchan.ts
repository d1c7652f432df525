import { Vchan, VchanError, VchanServer } from "@gntalloc/gntalloc/vchan";
import type { Host } from "../host.ts";
import { at, checkHasPeer, type PlaceOptions } from "../place.ts";
import { START } from "../script/statement.ts";
import { readDomid, readDuration } from "../values.ts";

/** The options of the commands of `vchan`. */
export interface VchanCommandOptions extends PlaceOptions {
  readonly close?: boolean;
  readonly timeout?: string;
}

/** Waits for a client, and passes the standard input and output through. */
export function listen(host: Host, client: string, path: string, options: VchanCommandOptions): Promise<void> {
  const domid = readDomid(client, "CLIENT");
  const wait = waitOf(options);
  checkHasPeer(options, `listen for domain ${domid}`, START, `${domid}: vchan-connect c ${options.as ?? 1} ${path}`);
  return at(host, options, 1, async ({ place: { domain }, signal, play }) => {
    play();
    const server = await VchanServer.listen(domain, domid, { path });
    try {
      await host.note(`waiting for domain ${domid} at ${server.path}`);
      await converse(host, await server.accept({ ...wait, signal }), options.close === true, signal);
    } finally {
      await server.close();
    }
  });
}

/** Connects to a server, and passes the standard input and output through. */
export function connect(host: Host, server: string, path: string, options: VchanCommandOptions): Promise<void> {
  const domid = readDomid(server, "SERVER");
  const wait = waitOf(options);
  checkHasPeer(options, `connect to domain ${domid}`, `${domid}: vchan-listen s ${options.as ?? 0} ${path}`);
  return at(host, options, 0, async ({ place: { domain }, signal, play }) => {
    play();
    const connection = await Vchan.connect(domain, domid, { path, ...wait, signal });
    await host.note(`connected to domain ${domid} at ${connection.path}`);
    await converse(host, connection, options.close === true, signal);
  });
}

function waitOf({ timeout }: VchanCommandOptions) {
  return timeout === undefined ? {} : { timeout: readDuration(timeout, "--timeout") };
}

/**
 * Sends the input and writes the output, until one side closes the connection.
 *
 * @param closes Whether the end of the input closes it. A vchan cannot be closed in one direction only.
 */
async function converse(host: Host, connection: Vchan, closes: boolean, signal: AbortSignal): Promise<void> {
  const close = () => connection.close();
  signal.addEventListener("abort", close);
  const send = async () => {
    try {
      for await (const bytes of host.input) await connection.write(bytes);
    } catch (error) {
      // What the other side wrote before it closed is still to be read.
      if (!isEnd(error)) throw error;
    }
    if (closes) close();
  };
  const receive = async () => {
    try {
      for await (const bytes of connection) await host.out(bytes);
    } catch (error) {
      if (!isEnd(error)) throw error;
    }
  };
  try {
    const received = receive();
    // Input that is still to come does not matter when the other side has gone.
    await Promise.race([received, send().then(() => received)]);
  } finally {
    close();
    signal.removeEventListener("abort", close);
  }
  signal.throwIfAborted();
}

function isEnd(error: unknown): boolean {
  return error instanceof VchanError && (error.code === "closed" || error.code === "peer-closed");
}
