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
      close: () => listener.close(),
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
    close: () => socket.close(),
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
