import type { Call } from "../intercept/calls.ts";
import type { Interceptor } from "../intercept/intercept.ts";
import type { FaultPart } from "./call.ts";
import { callInfo } from "./call_info.ts";
import type { Injector, Steps } from "./injector.ts";
import { InnerEventFile } from "./inner_event_file.ts";
import type { InnerFile } from "./inner_file.ts";
import { InnerGrantFile } from "./inner_grant_file.ts";
import { InnerMapFile } from "./inner_map_file.ts";
import { InnerStoreConnection } from "./inner_store_connection.ts";

const INNER_FILES: { readonly [Part in FaultPart]: new (injector: Injector, file: unknown) => InnerFile } = {
  grants: InnerGrantFile,
  maps: InnerMapFile,
  events: InnerEventFile,
  store: InnerStoreConnection,
};

/** Makes an interceptor that injects faults into the calls of a domain. */
export function injectFaults(injector: Injector): Interceptor {
  /** The open files, by the calls that opened them. */
  const files = new WeakMap<Call, InnerFile>();

  const fileOf = ({ from }: Call): InnerFile | undefined => {
    // Memory comes from a file, which comes from a backend.
    const open = from?.from ?? from;
    return open && files.get(open);
  };

  const stepsOf = (call: Call, proceed: () => unknown): Steps<unknown> => {
    if (call.method !== "open") return fileOf(call)?.steps(call, proceed) ?? { act: proceed };
    return {
      act: proceed,
      undo: (file) => (file as { close(): void }).close(),
      done: (file) => void files.set(call, new INNER_FILES[call.part](injector, file)),
    };
  };

  return <T>(call: Call, proceed: () => T): T => {
    if (call.name === "GrantFile.onRelease") {
      // Nothing here can fail. The file listens too.
      (fileOf(call) as InnerGrantFile).onRelease(call.args.tell);
      return proceed();
    }
    return injector.call(callInfo(call), stepsOf(call, proceed) as Steps<T>);
  };
}
