/** A disk between two domains, driven by steps and compared with a model. */
import { Faults } from "../../../backends/faults.ts";
import { type MockProcess, MockXen } from "../../../backends/mock.ts";
import { BlockBackend, BytesDisk, createDisk } from "../../../examples/block/block_backend.ts";
import { BlockDevice, BlockError } from "../../../examples/block/block_device.ts";
import { GrantError } from "../../../mod.ts";
import { PvError } from "../../../src/pv/mod.ts";
import { StoreError } from "../../../src/xenstore/mod.ts";
import { Model, SECTOR } from "./model.ts";
import { random, SlowDisk, turns } from "./support.ts";

/** A step of a run. `givenUp` is after how many turns its call is given up. */
export type Step =
  | { do: "write" | "read" | "discard"; first: number; count: number; givenUp: number | undefined }
  | { do: "flush"; givenUp: number | undefined }
  /** Several of those, as a generator with a seed makes them: that is faster than to draw each. */
  | { do: "calls"; seed: number; count: number }
  | { do: "turns"; count: number }
  /** Waits for all calls. */
  | { do: "settle" }
  | { do: "detach" }
  | { do: "kill"; side: "frontend" | "backend" }
  /** Ends the backend, and begins another one. */
  | { do: "restart" }
  /** The medium fails the next call of a kind. */
  | { do: "medium"; call: string }
  /** A call to Xen fails. */
  | { do: "fail"; side: "frontend" | "backend"; call: string; nth: number };

export interface SystemOptions {
  readonly persistent: boolean;
  readonly ringOrder: number;
  readonly pages: number;
  readonly maxIndirect: number;
  /** The most turns that the medium takes. */
  readonly slow: number;
}

const SECTORS = 128;
/** How long anybody waits for the other side, in milliseconds. */
const TIMEOUT = 15;
/** The most calls at once. */
const MOST = 24;

/** A step that is one call to the disk. */
type Call = Extract<Step, { givenUp: number | undefined }>;

/** Makes calls of all kinds, mostly small reads and writes. */
function* callsOf(seed: number, count: number): Generator<Call> {
  const next = random(seed);
  const below = (bound: number) => Math.floor(next() * bound);
  for (let made = 0; made < count; made++) {
    const kind = below(100);
    const givenUp = below(14) === 0 ? below(4) : undefined;
    const place = { first: below(SECTORS), count: 1 + below(below(15) === 0 ? SECTORS : 9), givenUp };
    if (kind < 3) yield { do: "flush", givenUp };
    else yield { do: kind < 6 ? "discard" : kind < 53 ? "read" : "write", ...place };
  }
}

/** A program of one side, and what makes its calls fail. */
interface Program {
  readonly process: MockProcess;
  readonly faults: Faults;
}

interface Backend extends Program {
  readonly disk: SlowDisk;
  readonly served: BlockBackend;
  /** Whether it serves no more. */
  isOver: boolean;
}

export class System {
  /** How often things have happened. */
  readonly counts = new Map<string, number>();
  readonly #xen = new MockXen();
  readonly #model = new Model(SECTORS);
  readonly #medium = new BytesDisk(new Uint8Array(SECTORS * SECTOR));
  readonly #options: SystemOptions;
  readonly #calls = new Set<Promise<void>>();
  readonly #next = random(1);
  #frontend!: Program;
  #device: BlockDevice | undefined;
  #backend!: Backend;

  private constructor(options: SystemOptions) {
    this.#options = options;
    this.#frontend = this.#program(1);
  }

  static async create(options: SystemOptions): Promise<System> {
    const system = new System(options);
    await createDisk(system.#xen.domain(0), 1, "xvdb");
    await system.#serve();
    return system;
  }

  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  #program(domid: number): Program {
    return { process: this.#xen.domain(domid).process(), faults: new Faults() };
  }

  async #serve(): Promise<void> {
    const { persistent, maxIndirect, slow } = this.#options;
    const program = this.#program(0);
    const disk = new SlowDisk(this.#medium);
    disk.turns = () => slow === 0 ? 0 : Math.floor(this.#next() * (slow + 1));
    const given = { persistent, maxIndirect, timeout: TIMEOUT };
    const served = await BlockBackend.serve(program.faults.wrap(program.process), 1, "xvdb", disk, given);
    const backend: Backend = { ...program, disk, served, isOver: false };
    served.closed.catch(() => {}).then(() => backend.isOver = true);
    this.#backend = backend;
    this.#count("served");
  }

  /** Makes sure that the disk is attached. */
  async #attach(): Promise<BlockDevice> {
    if (this.#backend.isOver) await this.#replaceBackend();
    if (this.#device?.attached) return this.#device;
    // What is under way is over before the next one comes.
    await this.#device?.closed;
    await this.#settle();
    for (let attempt = 1;; attempt++) {
      if (this.#backend.isOver) await this.#replaceBackend();
      const { process, faults } = this.#frontend;
      // Some faults last until they hit.
      if (attempt > 2) this.#clearFaults();
      const { persistent, ringOrder, pages } = this.#options;
      try {
        const attached = await BlockDevice.attach(faults.wrap(process), "xvdb", {
          persistent,
          ringOrder,
          pages,
          timeout: TIMEOUT,
        });
        this.#count("attached");
        return this.#device = attached;
      } catch (error) {
        check(error);
        // A busy machine may take longer than that for a while.
        if (attempt === 100) throw error;
      }
    }
  }

  #clearFaults(): void {
    this.#frontend.faults.clear();
    this.#backend.faults.clear();
    this.#backend.disk.fail = () => {};
  }

  async #replaceBackend(): Promise<void> {
    const { faults, process } = this.#backend;
    faults.clear();
    faults.releaseAll();
    process.kill();
    await this.#serve();
  }

  async #settle(): Promise<void> {
    await Promise.all(this.#calls);
  }

  /** Does a step. */
  async apply(step: Step): Promise<void> {
    switch (step.do) {
      case "write":
      case "read":
      case "discard":
      case "flush":
        return await this.#call(step);
      case "calls":
        for (const call of callsOf(step.seed, step.count)) await this.#call(call);
        return;
      case "turns":
        return await turns(step.count);
      case "settle":
        return await this.#settle();
      case "detach":
        await this.#device?.detach();
        return;
      case "kill":
        return step.side === "frontend" ? await this.#killFrontend() : await this.#killBackend();
      case "restart":
        this.#backend.faults.clear();
        await this.#backend.served.close().catch(check);
        return await this.#serve();
      case "medium":
        return this.#failMedium(step.call);
      case "fail":
        return this.#fail(this[step.side === "frontend" ? "faultsOfFrontend" : "faultsOfBackend"], step.call, step.nth);
    }
  }

  get faultsOfFrontend(): Faults {
    return this.#frontend.faults;
  }

  get faultsOfBackend(): Faults {
    return this.#backend.faults;
  }

  async #killFrontend(): Promise<void> {
    const { process, faults } = this.#frontend;
    faults.clear();
    process.kill();
    this.#count("killed");
    this.#frontend = this.#program(1);
    const device = this.#device;
    this.#device = undefined;
    // A real program would not go on. What it waits for never comes.
    device?.detach({ timeout: 0 });
    await this.#settle();
  }

  async #killBackend(): Promise<void> {
    const { process, faults, disk } = this.#backend;
    disk.cutOff();
    faults.clear();
    process.kill();
    this.#count("killed");
    await this.#serve();
  }

  #failMedium(call: string): void {
    const { disk } = this.#backend;
    disk.fail = (name) => {
      if (!name.startsWith(call)) return;
      disk.fail = () => {};
      throw new Error("the medium fails");
    };
  }

  #fail(faults: Faults, call: string, nth: number): void {
    const [part, kind] = call.split(" ") as [string, string];
    if (kind === "conflict") return void faults.reply({ to: "end a transaction", error: "EAGAIN", nth });
    if (kind === "busy") return void faults.reply({ to: "start a transaction", error: "ENOSPC", nth });
    if (kind === "lost") {
      const error = new GrantError("Cannot take events: lost.", { code: "events-lost", operation: "wait" });
      return void faults.fail("wait", { part: "events", error, nth });
    }
    faults.fail(kind as "map", { part: part as "maps", nth });
  }

  async #call(step: Call): Promise<void> {
    while (this.#calls.size >= MOST) await Promise.race(this.#calls);
    const device = await this.#attach();
    this.#count("calls");
    const stop = step.givenUp === undefined ? undefined : new AbortController();
    const options = { signal: stop?.signal };
    const call = this.#run(device, step, options).then(
      () => this.#count("done"),
      (error) => {
        if (stop?.signal.aborted && error === "given up") return this.#count("given up");
        check(error);
        this.#count((error as { code: string }).code);
      },
    );
    this.#calls.add(call);
    call.finally(() => this.#calls.delete(call));
    if (step.givenUp !== undefined) {
      await turns(step.givenUp);
      stop!.abort("given up");
    }
  }

  async #run(device: BlockDevice, step: Call, options: { signal: AbortSignal | undefined }): Promise<void> {
    if (step.do === "flush") return await device.flush(options);
    const { first } = step;
    const count = Math.min(step.count, SECTORS - first);
    const offset = first * SECTOR;
    if (step.do === "read") {
      const expectation = this.#model.expect(first, count);
      this.#model.check(expectation, await device.read(offset, count * SECTOR, options));
      return;
    }
    if (step.do === "discard") {
      const write = this.#model.discard(first, count);
      await device.discard(offset, count * SECTOR, options);
      write.isDone = true;
      return;
    }
    const { write, bytes } = this.#model.write(first, count);
    await device.write(offset, bytes, options);
    write.isDone = true;
  }

  /** Reads all of the disk. It may still have to notice what has failed before. */
  async #readAll(): Promise<Uint8Array> {
    for (let attempt = 1;; attempt++) {
      const device = await this.#attach();
      try {
        return await device.read(0, SECTORS * SECTOR);
      } catch (error) {
        check(error);
        if (attempt === 100) throw error;
      }
    }
  }

  /** Ends everything. Throws if the medium is not as the model says, or something is left. */
  async finish(): Promise<void> {
    this.#clearFaults();
    await this.#settle();
    this.#model.check(this.#model.expect(0, SECTORS), await this.#readAll());
    this.#model.check(this.#model.expect(0, SECTORS), this.#medium.bytes);
    await this.#device!.detach();
    await this.#backend.served.close();
    this.#frontend.faults.releaseAll();
    this.#backend.faults.releaseAll();
    this.#frontend.process.kill();
    this.#backend.process.kill();
    this.#xen.assertClean();
  }
}

/** Throws an error again that is none of those which a program has to expect. */
function check(error: unknown): void {
  const isTyped = error instanceof BlockError || error instanceof PvError || error instanceof StoreError ||
    error instanceof GrantError;
  if (!isTyped) throw error;
  // What the other side does here breaks no protocol.
  if (error.code === "protocol") throw error;
}
