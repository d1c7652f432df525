/**
 * Waits for an event on the shim that it is told the path of, and says so; then says what came.
 *
 * @module
 */

/// <reference lib="webworker" />

import { denoDomain } from "../../../backends/deno.ts";

self.onmessage = ({ data: libc }: MessageEvent<string>) => {
  const file = denoDomain({ libc }).events.open();
  const ours = file.bindUnbound(0);
  file.whenPending(() => {
    self.postMessage(`event ${file.pending()}`);
    file.close();
  });
  self.postMessage("waiting");
  setTimeout(() => {
    // From the same thread, while the thread of the waiting waits.
    const theirs = file.bindInterdomain(0, ours);
    file.unmask(theirs);
  }, 100);
};
