import type { MockXen } from "@gntalloc/gntalloc/mock";
import { XenStore } from "@gntalloc/gntalloc/xenstore";
import { UsageError } from "../exit.ts";
import type { Host } from "../host.ts";
import { paletteOf } from "../palette.ts";
import { machineFor, mockWorld, readStatements } from "../place.ts";
import { realDomain } from "../real_domain.ts";
import { withSession } from "../script/session.ts";
import { START, type Statement } from "../script/statement.ts";
import type { World } from "../script/world.ts";
import { readDomid } from "../values.ts";

/** The options of `run`. */
export interface RunCommandOptions {
  readonly mock?: boolean;
  readonly line?: readonly string[];
  readonly side?: string;
}

/** Runs a script: all sides on a simulated Xen, or one side in this domain. */
export async function run(host: Host, script: string | undefined, options: RunCommandOptions): Promise<void> {
  const { statements, world } = await prepare(script, options);
  const say = (line: string) => host.out(`${line}\n`);
  await withSession(world, { say, palette: paletteOf(host.colours), signal: host.signal }, async (session) => {
    await session.run(statements);
    if (world.xen !== undefined) await host.note(leftAtEnd(world.xen));
  });
}

/**
 * Reads the script, and chooses its statements and where they run.
 *
 * @param mayBeEmpty Whether there may be none.
 */
export async function prepare(
  script: string | undefined,
  { mock, line = [], side }: RunCommandOptions,
  mayBeEmpty = false,
) {
  const all = readStatements({ ...(script === undefined ? {} : { script }), line }) ?? (mayBeEmpty ? [] : undefined);
  if (all === undefined) throw new UsageError("Cannot run a script as there is none. Name a file, or use --line.");
  if (all.some(({ verb }) => verb === START)) {
    throw new UsageError("Cannot run the script as `start` is for scripts that play the other side of a command.");
  }
  if (mock) return { statements: all, world: mockWorld(machineFor(all)) };
  return { statements: sideOf(all, side), world: realWorld(await realDomain()) };
}

/** The statements for one real domain. */
function sideOf(all: readonly Statement[], side: string | undefined): Statement[] {
  if (side !== undefined) {
    const domid = readDomid(side, "--side");
    return all.filter((statement) => statement.domid === undefined || statement.domid === domid)
      .map((statement) => ({ ...statement, domid: undefined }));
  }
  const named = all.find(({ domid }) => domid !== undefined);
  if (named === undefined) return [...all];
  throw new UsageError(
    `Cannot run line ${named.line} as it names a domain. Say with --side which one plays here, or use --mock.`,
  );
}

function realWorld(domain: Awaited<ReturnType<typeof realDomain>>): World {
  return {
    xen: undefined,
    async start() {
      const store = await XenStore.open(domain);
      try {
        return { domid: await store.ownDomid(), domain };
      } finally {
        store.close();
      }
    },
  };
}

/** Says what is still granted and mapped before the script's end releases it. */
function leftAtEnd(xen: MockXen): string {
  const { domains } = xen.inspect();
  const sum = (of: (domain: (typeof domains)[number]) => number) =>
    domains.reduce((total, domain) => total + of(domain), 0);
  const held = sum(({ grants }) => grants.filter((grant) => grant.held).length);
  return `at the end: ${sum(({ grants }) => grants.length)} granted, ${held} of them held by peers, ` +
    `${sum(({ mappings }) => mappings.length)} mappings, ${sum(({ ports }) => ports.length)} ports`;
}
