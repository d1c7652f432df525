import { measureRounds, median } from "../harness/rounds.ts";
import { type Figures, nameOf, Pair, type Programs } from "./pair.ts";
import { type Group, SMALL, type Work } from "./plan.ts";
import type { GroupFigures, Quiet } from "./results.ts";

/** How thoroughly to measure. */
export interface Thoroughness {
  readonly rounds: number;
  /** Rounds before, which do not count, while the engines compile. */
  readonly first: number;
  /** Milliseconds to wait for nothing. */
  readonly idle: number;
}

/** Where buffers begin in a page, one after the other: the speed of copies depends on it. */
const OFFSETS = [64, 1000, 16, 0, 2500];
/** So many small messages fit into a ring, so that no call waits. */
const FEW = 1000;
/** How often to measure the heap: now and then, garbage is collected meanwhile. */
const HEAPS = 25;

/** Measures all pairs of a group in interleaved rounds. */
export async function measureGroup(
  group: Group,
  programs: Programs,
  { rounds, first, idle }: Thoroughness,
): Promise<GroupFigures> {
  await using started = new AsyncDisposableStack();
  const pairs: Pair[] = [];
  for (const plan of group.pairs) {
    pairs.push(started.use(await Pair.start(plan, programs, group.ring, group.shared ? [0, 0] : [0, 1])));
  }
  const works: { work: Work; rounds: Figures[][] }[] = [];
  for (const work of group.works) {
    const measure = (pair: Pair, round: number) => measureOnce(pair, work, OFFSETS[round % OFFSETS.length]!);
    await measureRounds(pairs, first, measure);
    works.push({ work, rounds: await measureRounds(pairs, rounds, measure) });
  }
  const quiet: Quiet[] = [];
  for (const pair of pairs) {
    const { client, server, spin } = pair.plan;
    if (group.shared || client === "C" || client !== server || spin === 0) continue;
    quiet.push(await measureQuiet(pair, idle));
  }
  return { title: group.title, pairs: group.pairs.map(nameOf), works, quiet };
}

/** What the client and the server do. */
const TASKS = {
  "stream": ["send", "receive"],
  "stream by tryWrite()": ["try", "receive"],
  "round trip": ["ask", "answer"],
} as const;

function measureOnce(pair: Pair, { kind, size, count }: Work, offset: number): Promise<Figures> {
  const [client, server] = TASKS[kind];
  return pair.measure(`${client} ${size} ${count} ${offset}`, `${server} ${size} ${count} ${offset}`);
}

/** Measures what a pair takes besides time. */
async function measureQuiet(pair: Pair, idle: number): Promise<Quiet> {
  const { work } = await pair.measure(`wait ${idle} 0 0`, `wait ${idle} 0 0`);
  const heaps: [number, number][] = [];
  for (let time = 0; time < HEAPS; time++) {
    heaps.push(await pair.heap(`write ${SMALL} ${FEW} 0`, `read ${SMALL} ${FEW} 0`));
  }
  const [write, read] = ([0, 1] as const).map((end) => median(heaps.map((heap) => heap[end])) / FEW) as [
    number,
    number,
  ];
  return { name: pair.plan.client, idle: work / 2 / (idle * 1000), heap: [write, read] };
}
