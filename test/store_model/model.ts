/**
 * A model of XenStore as simple as possible: a tree with permissions, watches and transactions. It is written from the
 * description of both daemons, and shares no code with the library.
 *
 * A transaction is a list of requests and the answers they had. If it commits, the requests are made again, at once, and
 * must have the same answers. So the model needs no copies of nodes, and no generations.
 */
import type { Entry, Request } from "./steps.ts";

/** The daemon in C, or the one in OCaml. */
export type Daemon = "xenstored" | "oxenstored";

interface Right extends Entry {
  /** Which domain of that number is meant, counted: a later one does not have the right. `0` if there was none. */
  readonly life: number;
}

interface Node {
  value: string;
  /** The owner's, then others. */
  rights: readonly [Right, ...Right[]];
}

/** An event that a watch may or must have. */
export interface Event {
  readonly watch: number;
  readonly path: string;
  readonly must: boolean;
}

type Tree = Map<string, Node>;
type Change = { readonly what: "write" | "make" | "remove" | "set permissions"; readonly path: string };

interface Transaction {
  readonly asked: { readonly request: Request; readonly answer: string }[];
  /** How many changes there had been at its start, and how many domains had been destroyed. */
  readonly began: number;
  readonly deaths: number;
  /** The tree at its start. */
  readonly before: Tree;
}

interface Program {
  readonly domid: number;
  alive: boolean;
  transaction: Transaction | undefined;
}

interface Watch {
  readonly program: number;
  readonly path: string;
  ended: boolean;
}

const REFUSALS: readonly string[] = ["not-found", "denied"];

const isWithin = (path: string, above: string) => path === above || path.startsWith(above === "/" ? "/" : `${above}/`);
const parentOf = (path: string) => path.slice(0, path.lastIndexOf("/")) || "/";
const copyOf = (tree: Tree): Tree => new Map([...tree].map(([path, node]) => [path, { ...node }]));

export class Model {
  readonly programs: Program[] = [];
  readonly watches: Watch[] = [];
  readonly #daemon: Daemon;
  #tree: Tree = new Map();
  /** Another state that there may be after a transaction. */
  #alternative: Tree | undefined;
  /** How often a domain of each number was made. */
  readonly #lives = new Map<number, number>([[0, 1]]);
  readonly #alive = new Set<number>([0]);
  /** How many changes there were, and how many domains were destroyed. */
  #changes = 0;
  #deaths = 0;
  /** The events of the step. */
  events: Event[] = [];

  constructor(daemon: Daemon) {
    this.#daemon = daemon;
    for (const path of ["/", "/local", "/local/domain", "/shared"]) {
      this.#tree.set(path, {
        value: "",
        rights: [this.#right({ domid: 0, access: path === "/shared" ? "both" : "none" })],
      });
    }
  }

  get #isC(): boolean {
    return this.#daemon === "xenstored";
  }

  /** A node as domain 0 sees it. */
  describe(path: string): string {
    const node = this.#tree.get(path);
    if (node === undefined) return "none";
    return [node.value, shown(node.rights), this.#children(path).join()].join(" | ");
  }

  #children(path: string): string[] {
    return [...this.#tree.keys()].filter((other) => other !== "/" && parentOf(other) === path)
      .map((other) => other.slice(other.lastIndexOf("/") + 1)).sort();
  }

  // Domains and programs

  start(domid: number): void {
    if (!this.#alive.has(domid)) this.#create(domid);
    this.programs.push({ domid, alive: true, transaction: undefined });
  }

  #create(domid: number): void {
    this.#lives.set(domid, (this.#lives.get(domid) ?? 0) + 1);
    this.#alive.add(domid);
    const before = copyOf(this.#tree);
    const home = `/local/domain/${domid}`;
    // What domain 0 has made there meanwhile stays.
    const give = (path: string, first: Entry, ...others: Entry[]) => {
      const rights: Node["rights"] = [this.#right(first), ...others.map((entry) => this.#right(entry))];
      this.#tree.set(path, { value: this.#tree.get(path)?.value ?? "", rights });
    };
    give(home, { domid: 0, access: "none" }, { domid, access: "read" });
    give(`${home}/data`, { domid, access: "none" });
    this.#fire(
      [{ what: "set permissions", path: home }, { what: "set permissions", path: `${home}/data` }],
      before,
      "any order",
    );
  }

  end(program: number): void {
    const ended = this.programs[program]!;
    ended.alive = false;
    ended.transaction = undefined;
    for (const watch of this.watches) if (watch.program === program) watch.ended = true;
  }

  destroy(domid: number): void {
    if (!this.#alive.has(domid)) return;
    this.programs.forEach((program, number) => {
      if (program.domid === domid) this.end(number);
    });
    this.#alive.delete(domid);
    this.#deaths++;
    // The toolstack removes its home.
    const home = `/local/domain/${domid}`;
    const before = copyOf(this.#tree);
    this.#removeTree(home);
    this.#fire([{ what: "remove", path: home }], before);
    // The daemon removes what else it owns: the highest ones first.
    for (const path of [...this.#tree.keys()].sort()) {
      if (this.#tree.get(path)?.rights[0].domid !== domid) continue;
      const before = copyOf(this.#tree);
      this.#removeTree(path);
      // The daemon in OCaml tells nobody.
      if (this.#isC) this.#fire([{ what: "remove", path }], before);
    }
    if (this.#isC) return;
    for (const node of this.#tree.values()) {
      const [owner, ...others] = node.rights;
      node.rights = [owner, ...others.filter((right) => right.domid !== domid)];
    }
  }

  // Requests

  /** Makes a request of a program, and returns the answer that it must have; `undefined` in a transaction. */
  request(program: number, inside: boolean, request: Request): string | undefined {
    const { domid, alive, transaction } = this.programs[program]!;
    if (!alive) return "closed";
    if (inside && transaction) return undefined;
    const before = copyOf(this.#tree);
    const changes: Change[] = [];
    const answer = this.#do(domid, request, changes);
    this.#fire(changes, before);
    return answer;
  }

  begin(program: number): void {
    const { programs } = this;
    programs[program]!.transaction = {
      asked: [],
      began: this.#changes,
      deaths: this.#deaths,
      before: copyOf(this.#tree),
    };
  }

  /** Notes the answer of a request in a transaction. */
  asked(program: number, request: Request, answer: string): void {
    this.programs[program]!.transaction!.asked.push({ request, answer });
  }

  /** Ends a transaction. Throws if it cannot have ended so. */
  endTransaction(program: number, outcome: string): void {
    const { domid, transaction } = this.programs[program]!;
    const { asked, began, deaths, before } = transaction!;
    this.programs[program]!.transaction = undefined;
    // In OCaml, it sees the tree as it was at its start, and what only reads ends well.
    const first = this.#isC ? undefined : this.#checkAtStart(domid, asked, before);
    if (outcome === "aborted") return;
    const quiet = this.#changes === began;
    if (outcome === "conflict") {
      if (quiet || first?.changes.length === 0) throw new Error("a transaction conflicts, but for no reason");
      return;
    }
    // In C, the nodes of a domain that has died in between cannot be counted, which is said as if a quota was reached.
    if (outcome === "quota" && this.#isC && deaths !== this.#deaths) return;
    if (outcome !== "committed") throw new Error(`a transaction ended with ${outcome}`);
    if (first?.changes.length === 0) return;
    const current = copyOf(this.#tree);
    // In OCaml, what has changed nothing may be made again at the end, or not.
    if (first) {
      this.#again(domid, asked);
      this.#alternative = this.#tree;
      this.#tree = copyOf(current);
    }
    const changes = this.#again(domid, first ? asked.filter((one) => first.effective.has(one)) : asked);
    // In OCaml, watches are told of what it did at first.
    this.#fire(first?.changes ?? changes, current, quiet ? "any order" : "others");
  }

  /** Makes the requests of a transaction again. They must have the same answers. */
  #again(domid: number, asked: Transaction["asked"]): Change[] {
    const changes: Change[] = [];
    for (const { request, answer } of asked) {
      // In OCaml, what was refused may be possible at the end.
      if (!this.#isC && REFUSALS.includes(answer)) continue;
      const again = this.#do(domid, request, changes);
      if (again === answer) continue;
      // Then it was not made again.
      if (!this.#isC && answer === "done") continue;
      throw new Error(`${JSON.stringify(request)} in a transaction was ${answer}, and would be ${again} at its end`);
    }
    return changes;
  }

  /** Checks that a transaction saw the tree as it was at its start. Returns what it changed, and by which requests. */
  #checkAtStart(domid: number, asked: Transaction["asked"], before: Tree) {
    const now = this.#tree;
    this.#tree = before;
    const changes: Change[] = [];
    const effective = new Set<Transaction["asked"][number]>();
    for (const one of asked) {
      const { request, answer } = one;
      const count = changes.length;
      const then = this.#do(domid, request, changes);
      if (then !== answer) {
        throw new Error(`${JSON.stringify(request)} in a transaction was ${answer}, and would be ${then} at its start`);
      }
      const reads = request.op === "read" || request.op === "list" || request.op === "permissions";
      if (reads || changes.length > count) effective.add(one);
    }
    this.#tree = now;
    return { changes, effective };
  }

  /** Takes the other state that there may be after a transaction, if there is one. */
  takeAlternative(): void {
    this.#tree = this.#alternative ?? this.#tree;
  }

  /** There is only one state before a step. */
  forgetAlternative(): void {
    this.#alternative = undefined;
  }

  #do(domid: number, request: Request, changes: Change[]): string {
    const { path } = request;
    const node = this.#tree.get(path);
    const refusal = this.#refusal(domid, request, node);
    if (refusal !== undefined) return refusal;
    switch (request.op) {
      case "read":
        return node!.value;
      case "list":
        return this.#children(path).join();
      case "permissions":
        return shown(node!.rights);
      case "make":
        if (node !== undefined) return "done";
        this.#make(domid, path);
        break;
      case "write":
        if (node === undefined) this.#make(domid, path);
        this.#tree.get(path)!.value = request.value;
        break;
      case "remove":
        if (node === undefined) return "done";
        this.#removeTree(path);
        break;
      case "set permissions":
        node!.rights = request.permissions.map((entry) => this.#right(entry)) as [Right, ...Right[]];
    }
    changes.push({ what: request.op, path });
    return "done";
  }

  /** Why a request is refused, if it is. */
  #refusal(domid: number, request: Request, node: Node | undefined): string | undefined {
    const { op, path } = request;
    const reads = op === "read" || op === "list" || op === "permissions";
    const needed = reads ? "read" : "write";
    const owns = domid === 0 || node?.rights[0].domid === domid;
    const above = this.#nearest(path);
    if (op === "set permissions") {
      const owner = request.permissions[0]!.domid;
      if (this.#isC && !this.#alive.has(owner)) return "not-found";
      if (node !== undefined) return owns && (domid === 0 || owner === domid) ? undefined : "denied";
      return this.#isC && !this.#may(domid, above, "write") ? "denied" : "not-found";
    }
    if (node !== undefined) return this.#may(domid, node, needed) ? undefined : "denied";
    const hidden = this.#isC && !this.#may(domid, above, needed);
    if (reads) return hidden ? "denied" : "not-found";
    if (op === "remove") return hidden ? "denied" : this.#tree.has(parentOf(path)) ? undefined : "not-found";
    return this.#may(domid, above, "write") ? undefined : "denied";
  }

  /** The nearest node above one, which is there. */
  #nearest(path: string): Node {
    let above = parentOf(path);
    while (!this.#tree.has(above)) above = parentOf(above);
    return this.#tree.get(above)!;
  }

  #make(domid: number, path: string): void {
    const { rights: [owner, ...others] } = this.#nearest(path);
    // In C, a domain owns what it makes.
    const rights: [Right, ...Right[]] = [this.#isC && domid !== 0 ? { ...owner, domid } : owner, ...others];
    for (let made = path; !this.#tree.has(made); made = parentOf(made)) this.#tree.set(made, { value: "", rights });
  }

  #removeTree(path: string): void {
    for (const other of [...this.#tree.keys()]) if (isWithin(other, path)) this.#tree.delete(other);
  }

  #right(entry: Entry): Right {
    return { ...entry, life: this.#alive.has(entry.domid) ? this.#lives.get(entry.domid)! : 0 };
  }

  #may(domid: number, { rights: [owner, ...others] }: Node, what: "read" | "write"): boolean {
    if (domid === 0 || owner.domid === domid) return true;
    const counts = (right: Right) => !this.#isC || right.life === this.#lives.get(domid);
    const { access } = others.find((right) => right.domid === domid && counts(right)) ?? owner;
    return access === "both" || access === what;
  }

  // Watches

  watch(program: number, path: string): void {
    this.watches.push({ program, path, ended: false });
    this.events.push({ watch: this.watches.length - 1, path, must: true });
  }

  unwatch(watch: number): void {
    this.watches[watch]!.ended = true;
  }

  /**
   * Fires the watches for some changes.
   *
   * @param mode Changes of a transaction are told in some order, and by the rights that the nodes had in between. If
   * others have changed something meanwhile, the model does not know what must be told.
   */
  #fire(changes: readonly Change[], before: Tree, mode: "one" | "any order" | "others" = "one"): void {
    this.#changes += changes.length;
    for (const { what, path } of changes) {
      this.watches.forEach((watch, number) => {
        if (watch.ended) return;
        const told = isWithin(path, watch.path) ? path : this.#toldOfRemoval(what, path, watch, before);
        if (told === undefined) return;
        const { domid } = this.programs[watch.program]!;
        if (mode === "one") {
          if (this.#knows(domid, what, told, before)) this.events.push({ watch: number, path: told, must: true });
          return;
        }
        const nodes = [before, this.#tree].map((tree) => tree.get(told));
        const readable = nodes.map((node) => node !== undefined && this.#may(domid, node, "read"));
        const after = nodes[1] !== undefined;
        const must = mode === "any order" && (after ? readable[1] : readable[0]);
        this.events.push({ watch: number, path: told, must: must === true });
      });
    }
  }

  /** What a watch below a removed node is told, if anything. */
  #toldOfRemoval(what: Change["what"], path: string, watch: Watch, before: Tree): string | undefined {
    if (what !== "remove" || !isWithin(watch.path, path)) return undefined;
    return this.#isC && !before.has(watch.path) ? undefined : watch.path;
  }

  /** Whether a domain may know of a change: it may read the node, or the one above. */
  #knows(domid: number, what: Change["what"], path: string, before: Tree): boolean {
    const trees = what === "remove" ? [before] : what === "set permissions" ? [before, this.#tree] : [this.#tree];
    return trees.some((tree) => {
      const parent = tree.get(parentOf(path));
      return parent !== undefined && [tree.get(path), parent].some((node) => node && this.#may(domid, node, "read"));
    });
  }

  /** Whether a domain is there. */
  exists(domid: number): boolean {
    return this.#alive.has(domid);
  }
}

function shown(rights: readonly Right[]): string {
  return rights.map(({ domid, access }) => `${access} ${domid}`).join();
}
