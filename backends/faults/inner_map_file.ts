import type { CopySegment, MapFile, UnmapNotify } from "../../src/contract/backend.ts";
import type { Call } from "../intercept/calls.ts";
import { copyOthers, refusedSegments } from "./copy.ts";
import { InnerFile } from "./inner_file.ts";
import type { Steps } from "./injector.ts";

/** An open file of the inner peer's backend. */
export class InnerMapFile extends InnerFile {
  /**
   * The unmap notify of each mapping, by the call that mapped it: to set it again when a change fails after it was
   * made.
   */
  readonly #notifies = new WeakMap<Call, UnmapNotify>();

  override steps(call: Call, proceed: () => unknown): Steps<unknown> {
    switch (call.name) {
      case "PeerMemory.setUnmapNotify": {
        const mapping = call.from!;
        return {
          act: proceed,
          undo: () => call.target.setUnmapNotify(this.#notifies.get(mapping) ?? {}),
          done: () => void this.#notifies.set(mapping, call.args.notify),
        };
      }
      case "MapFile.copy": {
        const { segments } = call.args;
        return { act: (most = segments.length) => this.#copy(call.target, segments, most) };
      }
      default:
        return super.steps(call, proceed);
    }
  }

  #copy(file: MapFile, segments: readonly CopySegment[], most: number): readonly number[] {
    const first = segments.slice(0, most);
    const refused = refusedSegments(first, this.injector.refusals);
    // Returned as it is, even if it breaks the contract: the caller is the one to refuse it.
    if (refused.size === 0) return file.copy(most < segments.length ? first : segments);
    this.injector.count("copy", "maps").injected++;
    return copyOthers(file, first, refused);
  }
}
