/**
 * The results of the bench of channels as tables.
 *
 * @module
 */
import { median, ratio } from "../harness/rounds.ts";
import { short, table } from "../harness/tables.ts";
import type { Verdict } from "../harness/targets.ts";
import type { Figures } from "./pair.ts";
import type { Work } from "./plan.ts";
import type { GroupFigures, VchanResults } from "./results.ts";

const MIB = 1024 * 1024;

type Series = readonly number[] | undefined;

const times = (rounds: readonly Figures[]) => rounds.map(({ time }) => time);

/** The rounds of a pair. */
function roundsOf({ groups }: VchanResults, group: number, pair: string, size: number, kind: Work["kind"]) {
  const { pairs, works } = groups[group]!;
  return works.find(({ work }) => work.size === size && work.kind === kind)?.rounds[pairs.indexOf(pair)];
}

/** All figures that have a target. */
export function verdicts(results: VchanResults): Verdict[] {
  const all: Verdict[] = [];
  for (const runtime of ["Deno", "Node"]) {
    if (!results.groups[0]!.pairs.some((name) => name.includes(runtime))) continue;
    const judge = (figure: string, target: number, left: Series, right: Series, atLeast = false) => {
      const measured = left && right && ratio(left, right);
      all.push({ figure, runtime, target, atLeast, measured });
    };
    const ours = `${runtime} → ${runtime}`;
    const [silent, to, from] = [`${ours}, no spin`, `${runtime} → C`, `C → ${runtime}`];
    const time = (group: number, pair: string, size: number, kind: Work["kind"] = "stream") => {
      const rounds = roundsOf(results, group, pair, size, kind);
      return rounds && times(rounds);
    };
    const C = "C → C";
    /** Throughput is compared by the inverse of the time. */
    const faster = (figure: string, target: number, group: number, pair: string, size: number, kind?: Work["kind"]) =>
      judge(`${figure}, throughput ÷ C`, target, time(group, C, size, kind), time(group, pair, size, kind), true);
    const [kib, large] = [1024, 64 * 1024];
    const isDeno = runtime === "Deno";
    faster("stream, 64 KiB writes, 64 KiB ring", 5, 0, ours, large);
    faster("stream, 64 KiB writes, 1 MiB ring", 1, 1, ours, large);
    faster("stream, 4 KiB writes, 64 KiB ring", 4, 0, ours, 4 * kib);
    faster("stream, 4 KiB writes, 64 KiB ring, to C", 2, 0, to, 4 * kib);
    faster("stream, 4 KiB writes, 64 KiB ring, from C", 2, 0, from, 4 * kib);
    faster("stream, 64 B writes, 64 KiB ring", isDeno ? 0.9 : 1, 0, ours, 64);
    faster("stream, 64 B writes by tryWrite(), 64 KiB ring", isDeno ? 0.9 : 1, 0, ours, 64, "stream by tryWrite()");
    const trip = (group: number, pair: string) => time(group, pair, 64, "round trip");
    judge("round trip of 64 B without spin ÷ C", 1.8, trip(0, silent), trip(0, C));
    judge("round trip of 64 B ÷ C", 0.1, trip(0, ours), trip(0, C));
    judge("round trip of 64 B with C ÷ C, ours asks", 0.4, trip(0, to), trip(0, C));
    judge("round trip of 64 B with C ÷ C, C asks", 0.4, trip(0, from), trip(0, C));
    judge("round trip on one processor, with spin ÷ without", 1.1, trip(2, ours), trip(2, silent));
    for (const [size, name] of [[kib, "1 KiB"], [4 * kib, "4 KiB"], [large, "64 KiB"]] as const) {
      const rounds = roundsOf(results, 0, ours, size, "stream");
      const events = rounds && median(rounds.map((round) => round.events)) / mibOf(results, size);
      const figure = `events a MiB, ${name} writes, 64 KiB ring`;
      all.push({ figure, runtime, target: 1, atLeast: false, measured: events });
    }
    const work = (pair: string) => roundsOf(results, 0, pair, 4 * kib, "stream")?.map((round) => round.work);
    judge("processor time, 4 KiB writes ÷ C", 0.7, work(ours), work(C));
  }
  return all;
}

function mibOf({ groups }: VchanResults, size: number): number {
  const { work } = groups[0]!.works.find(({ work }) => work.kind === "stream" && work.size === size)!;
  return work.size * work.count / MIB;
}

/** The figures of a group as text: a table of its streams, and one of its round trips. */
export function groupText({ title, pairs, works, quiet }: GroupFigures): string {
  const streams = works.filter(({ work }) => work.kind !== "round trip");
  const trips = works.filter(({ work }) => work.kind === "round trip");
  const parts: string[] = [];
  const add = (what: string, head: readonly string[], rows: string[][]) => {
    if (rows.length > 0) parts.push(`${title}, ${what}:\n\n${table(head, rows)}`);
  };
  add(
    "streams",
    ["writes of", "from → to", "MB/s", "÷ C", "events a MiB", "processor s a GiB"],
    streams.flatMap(({ work, rounds }) => {
      const bytes = work.size * work.count;
      return rounds.map((figures, pair) => [
        `${sizeText(work.size)}${work.kind === "stream" ? "" : ", by tryWrite()"}`,
        pairs[pair]!,
        short(bytes / median(times(figures)) * 1000),
        short(ratio(times(rounds[0]!), times(figures))),
        short(median(figures.map(({ events }) => events)) / bytes * MIB),
        short(median(figures.map(({ work }) => work)) / 1e6 / bytes * 1024 * MIB),
      ]);
    }),
  );
  add(
    "round trips of 64 B",
    ["who asks → who answers", "µs", "÷ C", "events", "processor µs"],
    trips.flatMap(({ work: { count }, rounds }) =>
      rounds.map((figures, pair) => [
        pairs[pair]!,
        short(median(times(figures)) / count / 1000),
        short(ratio(times(figures), times(rounds[0]!))),
        short(median(figures.map(({ events }) => events)) / count),
        short(median(figures.map(({ work }) => work)) / count),
      ])
    ),
  );
  add(
    "besides time",
    ["runtime", "processor of an end that waits, %", "heap bytes of a 64 B write", "of a read"],
    quiet.map(({ name, idle, heap }) => [name, (100 * idle).toFixed(2), short(heap[0]), short(heap[1])]),
  );
  return parts.join("\n\n");
}

function sizeText(size: number): string {
  return size < 1024 ? `${size} B` : `${size / 1024} KiB`;
}
