import type { PictureOptions } from "@gntalloc/gntalloc/pictures";
import { UsageError } from "../exit.ts";
import type { Host } from "../host.ts";
import { paletteOf } from "../palette.ts";
import { printableJson } from "../printable.ts";
import { withSession } from "../script/session.ts";
import { readNumber } from "../values.ts";
import { pictureOf, readReport, type Report, viewOf } from "../view/source.ts";
import { prepare } from "./run.ts";

/** The options of `inspect`. */
export interface InspectCommandOptions {
  readonly mock?: boolean;
  readonly script?: string;
  readonly line?: readonly string[];
  readonly at?: string;
  readonly svg?: boolean;
  readonly html?: boolean;
  readonly json?: boolean;
  readonly theme?: "auto" | "light" | "dark";
  readonly width?: string;
  readonly title?: string;
}

/** Shows a report, a trace, or what a script leaves on a simulated Xen, as text or as a picture. */
export async function inspect(host: Host, file: string | undefined, options: InspectCommandOptions): Promise<void> {
  const { svg, html, json } = options;
  const how = howToDraw(options);
  const report = await reportOf(host, file, options);
  if (svg) await host.out(`${pictureOf(report, how)}\n`);
  else if (html) await host.out(page(pictureOf(report, how)));
  else if (json) {
    await host.out(`${printableJson(report.kind === "machine" ? report.machine : report.device, 2)}\n`);
  } else await host.out(viewOf(report, paletteOf(host.colours)));
}

function howToDraw({ svg, html, theme, width, title }: InspectCommandOptions): PictureOptions {
  const given = Object.entries({ theme, width, title }).find(([, value]) => value !== undefined);
  if (given !== undefined && !svg && !html) {
    throw new UsageError(`Cannot use --${given[0]} without a picture: add --svg or --html.`);
  }
  return { theme, width: width === undefined ? undefined : readNumber(width, "--width", 320, 8192), title };
}

async function reportOf(host: Host, file: string | undefined, options: InspectCommandOptions): Promise<Report> {
  const { script, line } = options;
  const at = options.at === undefined ? undefined : readNumber(options.at, "--at", 1);
  const hasScript = script !== undefined || line !== undefined || options.mock === true;
  if (file !== undefined) {
    if (hasScript) throw new UsageError("Cannot inspect a file and a script at once: name one of them.");
    return readReport(file, at);
  }
  if (at !== undefined) throw new UsageError("Cannot use --at without a trace: name its file.");
  if (!hasScript) {
    throw new UsageError(
      "Cannot inspect as there is nothing to see: name a report or a trace, or use --script or --line.",
    );
  }
  const { statements, world } = await prepare(script, { mock: true, line: line ?? [] }, true);
  const say = (text: string) => host.note(text);
  return await withSession(world, { say, palette: paletteOf(false), signal: host.signal }, async (session) => {
    await session.run(statements);
    return { kind: "machine", machine: world.xen!.inspect() };
  });
}

function page(svg: string): string {
  // The heading of the picture is escaped already.
  const [title] = /<title>.*?<\/title>/s.exec(svg)!;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
${title}
<style>body { margin: 0 } svg { display: block; max-width: 100%; height: auto; margin: auto }</style>
${svg}
</html>
`;
}
