/**
 * Uses the memory it is sent for a while, again and again, then sends it back.
 *
 * @module
 */

/// <reference lib="webworker" />

self.onmessage = ({ data }: MessageEvent<Uint8Array<ArrayBuffer>>) => {
  self.postMessage("started");
  const end = performance.now() + 200;
  while (performance.now() < end) {
    for (let i = 0; i < data.length; i += 64) data[i] = (data[i]! + 1) & 1;
  }
  (self as unknown as Worker).postMessage(data, [data.buffer]);
};
