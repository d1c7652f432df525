import type { Forecast, Page } from "./forecast.ts";
import type { Answer, Step } from "./trace.ts";

/**
 * Names what is special about a step and its answer, so that it can be counted. A comparison is only as good as its
 * traces.
 *
 * @param forecast What the steps before it are expected to have made.
 */
export function situations(step: Step, answer: Answer, forecast: Forecast): string[] {
  const found = [`${step.op}: ${kindOf(answer)}`];
  const note = (name: string, holds: boolean) => {
    if (holds) found.push(name);
  };
  const ok = answer === "ok";
  switch (step.op) {
    case "limit":
      note("a limit below what is in use", step.pages >= 0 && step.pages < forecast.live);
      note("no limit", step.pages < 0);
      break;
    case "close": {
      const file = forecast.openFile(step.file)!;
      note("closed while mapped", file.mappings > 0);
      note("closed while the peer has pages", file.pages.some((page) => page.listed && page.peers > 0));
      break;
    }
    case "allocate":
      note("a huge count", step.pages >= 65_536);
      note("no page refused", step.pages === 0 && answer === "ENOSPC");
      break;
    case "free":
    case "map": {
      const pages = forecast.openFile(step.file)!.pages.slice(step.page, step.page + step.pages);
      const own = pages[0]?.allocation;
      note(`${step.op} across allocations`, ok && pages.some((page) => page.allocation !== own));
      note(`${step.op} across a multiple of 64`, ok && step.page >> 6 !== (step.page + step.pages - 1) >> 6);
      note(`${step.op} of what is mapped`, ok && pages.some((page) => page.uses > 0));
      note(`${step.op} of what the peer has`, ok && pages.some((page) => page.peers > 0));
      note(`${step.op} of what was freed`, !ok && pages.length === step.pages && pages.some((page) => !page.listed));
      break;
    }
    case "unmap": {
      const { pages } = forecast.mappings.get(step.mapping)!;
      note("the last use of a page ends", pages.some((page) => !page.listed && page.uses === 1));
      note("not the last use of a page ends", pages.some((page) => !page.listed && page.uses > 1));
      note("a closed file's page is unmapped", !pages[0]!.file.open);
      break;
    }
    case "read":
    case "write":
      note(`${step.op} what was freed`, !pageAt(step, forecast).listed);
      break;
    case "peerMap": {
      const pages = forecast.allocations.get(step.allocation)!.pages.slice(step.index, step.index + step.pages);
      note("peerMap of an ended reference", !ok && pages.some((page) => page.released && page.peers === 0));
      note("peerMap again of what was released", ok && pages.some((page) => page.released));
      note("peerMap of ended and live references", !ok && new Set(pages.map((page) => !page.released)).size > 1);
      note("peerMap of several pages", ok && pages.length > 1);
      break;
    }
    case "peerRead":
    case "peerWrite":
      note(`${step.op} what was released`, pageAt(step, forecast).released !== undefined);
      break;
  }
  return found;
}

function pageAt(step: Step & { op: "read" | "write" | "peerRead" | "peerWrite" }, forecast: Forecast): Page {
  const mapping = "mapping" in step ? forecast.mappings.get(step.mapping) : forecast.peers.get(step.peer);
  return mapping!.pages["page" in step ? step.page : step.offset >> 12]!;
}

function kindOf(answer: Answer): string {
  return answer.replace(/^page \d+$/, "page").replace(/^\d+=.*/, "bytes");
}
