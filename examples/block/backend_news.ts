/**
 * What a disk hears from its backend: events, and states in XenStore.
 *
 * @module
 */
import { GrantError } from "../../mod.ts";
import { PvError, XenbusState } from "../../src/pv/mod.ts";
import type { Connection } from "./connection.ts";
import type { DiskEnd } from "./disk_end.ts";
import type { DiskSize } from "./disk_size.ts";
import type { RequestQueue } from "./request_queue.ts";

/** Takes responses whenever there are some, until the port is closed: during the end, calls wait for answers, too. */
export async function listenToBackend({ channel, resetEvents }: Connection, queue: RequestQueue): Promise<void> {
  while (!channel.closed) {
    try {
      for await (const _ of channel.events()) queue.takeResponses();
    } catch (error) {
      if (channel.closed) return;
      if (!(error instanceof GrantError && error.code === "events-lost")) throw error;
      resetEvents();
      queue.takeResponses();
    }
  }
}

/** Notices new sizes, until the backend ends the connection or is gone: then ends it here, too. */
export async function followBackend({ device, timeout }: Connection, size: DiskSize, end: DiskEnd): Promise<void> {
  for await (const state of device.backendStates()) {
    switch (state) {
      case XenbusState.Connected:
        await size.refresh(device.backend).catch(unlessGone);
        break;
      case XenbusState.Closing:
      case XenbusState.Closed:
        return void end.begin("detached", "the backend has ended the connection", timeout);
      case XenbusState.Unknown:
        return void end.begin("detached", "the device is gone", 0);
    }
  }
}

/** Nodes that are gone are no fault of the backend: the next state says that the device is. */
function unlessGone(error: unknown): void {
  if (!(error instanceof PvError && error.code === "gone")) throw error;
}
