import type { Check } from "../finding.ts";
import { isProblem } from "../reader.ts";

/** Below that, programs are soon out of pages. */
const FEW = 64;

interface Limit {
  readonly name: string;
  readonly driver: string;
  readonly of: string;
  readonly usual: number;
}

const LIMITS: readonly Limit[] = [
  { name: "pages to share", driver: "xen_gntalloc", of: "pages that all programs can share together", usual: 1024 },
  { name: "pages to map", driver: "xen_gntdev", of: "pages that one mapping can have", usual: 65536 },
];

/** What the drivers and Xen allow. */
export const LIMIT_CHECKS: readonly Check[] = [
  ...LIMITS.map(({ name, driver, of, usual }): Check => ({
    name,
    needsXen: true,
    async run(reader) {
      const path = `/sys/module/${driver}/parameters/limit`;
      const text = await reader.text(path);
      if (isProblem(text)) return { status: "skip", says: `the driver ${driver} tells no limit` };
      const limit = Number(text);
      const mend = `echo ${usual} | sudo tee ${path}`;
      if (limit === 0) return { status: "fail", says: `the limit is 0 ${of}`, mend };
      if (limit < FEW) return { status: "warn", says: `the limit is only ${limit} ${of}`, mend };
      return { status: "pass", says: `${limit} ${of}; to raise it: \`echo N | sudo tee ${path}\`` };
    },
  })),
  {
    name: "grant table",
    needsXen: true,
    async run(reader, { isDom0 }) {
      if (isDom0 !== true) {
        return {
          status: "skip",
          says: "only dom0 knows the size of the grant table and of maptrack",
          mend: "xl list --long | grep -E 'name|max_(grant|maptrack)_frames'   # in dom0",
        };
      }
      const line = await reader.command("xl", ["info", "xen_commandline"]);
      if (line === undefined) {
        return { status: "skip", says: "`xl info` cannot be run: it takes root", mend: "sudo xl info xen_commandline" };
      }
      const frames = /gnttab_max_frames=(\d+)/.exec(line)?.[1] ?? "64";
      const maptrack = /gnttab_max_maptrack_frames=(\d+)/.exec(line)?.[1] ?? "1024";
      return {
        status: "pass",
        says:
          `at most ${Number(frames) * 512} references in ${frames} frames, and ${
            Number(maptrack) * 256
          } mappings in ${maptrack} ` +
          "frames; the options gnttab_max_frames and gnttab_max_maptrack_frames of Xen change them",
      };
    },
  },
];
