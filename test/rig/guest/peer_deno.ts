/** The peer on Deno: see peer_program.ts. */

import { denoDomain } from "../../../backends/deno.ts";
import * as library from "../../../mod.ts";
import { linesOf } from "../../../scripts/program.ts";
import * as vchan from "../../../src/vchan/mod.ts";
import { serve } from "./peer_program.ts";

// Deno's clocks begin with the program. The C peer's begins with the domain.
const { symbols } = Deno.dlopen("libc.so.6", {
  /** `int clock_gettime(clockid_t clock, struct timespec *time)` */
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
});
const time = new BigInt64Array(2);
function clock(id: number): bigint {
  symbols.clock_gettime(id, time);
  return time[0]! * 1_000_000_000n + time[1]!;
}
const CLOCK_MONOTONIC = 1;
const CLOCK_PROCESS_CPUTIME_ID = 2;

const sockets = {
  listen(path: string) {
    const listener = Deno.listen({ transport: "unix", path });
    return {
      accept: async () => duplexOf(await listener.accept()),
      async *[Symbol.asyncIterator]() {
        for (;;) yield await this.accept();
      },
      close: closeOnce(listener),
    };
  },
  connect: async (path: string) => duplexOf(await Deno.connect({ transport: "unix", path })),
};

function duplexOf(socket: Deno.UnixConn) {
  return {
    read: (target: Uint8Array<ArrayBuffer>) => socket.read(target),
    async write(bytes: Uint8Array) {
      for (let done = 0; done < bytes.length;) done += await socket.write(bytes.subarray(done));
    },
    close: closeOnce(socket),
  };
}

/** Closes as the others do, which may be closed again: Deno's sockets may not. */
function closeOnce(resource: { close(): void }): () => void {
  let isClosed = false;
  return () => {
    if (!isClosed) resource.close();
    isClosed = true;
  };
}

await serve(
  {
    library,
    vchan: { library: vchan, sockets },
    domain: denoDomain(),
    now: () => clock(CLOCK_MONOTONIC),
    processorTime: () => clock(CLOCK_PROCESS_CPUTIME_ID),
  },
  linesOf(Deno.stdin.readable),
  console.log,
);
