/**
 * The worker that runs a program. The page sends it a port and then, through that, the program and what follows. Its
 * statements call `playground.step()` before they run: see `src/play/prepare.ts`.
 *
 * @module
 */
import type { Failure, News, Order } from "../protocol.ts";
import { failureOf } from "./failure.ts";
import { Console } from "./console.ts";
import { Camera } from "./camera.ts";
import { Gate } from "./gate.ts";
import { library } from "./library.ts";
import { cut } from "./printing.ts";
import { type WatchedXen, watchedXen } from "./watched_xen.ts";
import { Window } from "./window.ts";
import { World } from "./world.ts";

const gate = new Gate();
const ahead = new Window();
let port: MessagePort;
let address = "";
let watched: { readonly xen: WatchedXen; readonly camera: Camera; readonly world: World } | undefined;
/** Frames are taken one after the other: each has the calls since the one before. */
let frames = Promise.resolve();

function tell(news: News): void {
  port.postMessage(news);
}

/**
 * Tells the page what the machine is like.
 *
 * @param waits Whether a statement has arrived that waits for permission.
 */
function picture(line: number | undefined, waits: boolean): Promise<void> {
  const taken = frames.then(async () => {
    await ahead.pass();
    const xen = watchedXen();
    if (xen !== watched?.xen) watched = xen && { xen, camera: new Camera(xen), world: new World(xen) };
    const frame = await watched?.camera.take(line) ??
      { line, report: { domains: [] }, pages: [], nodes: [], sentences: [], rung: [], restored: [] };
    tell({ type: "frame", frame, waits });
  });
  frames = taken.catch(() => {});
  return taken;
}

async function step(line: number): Promise<void> {
  const passed = gate.pass(line);
  await picture(line, true);
  await passed;
}

async function run(program: string): Promise<void> {
  address = URL.createObjectURL(new Blob([program], { type: "text/javascript" }));
  let failure: Failure | undefined;
  try {
    await import(/* @vite-ignore */ address);
  } catch (error) {
    failure = failureOf(error, address);
  }
  try {
    await picture(undefined, false);
  } catch (error) {
    // The program has replaced what its worker needs.
    failure ??= failureOf(error, address);
  }
  tell({ type: "end", failure });
}

function obey(order: Order): void {
  switch (order.type) {
    case "start":
      void run(order.program);
      break;
    case "go":
      gate.open();
      break;
    case "heard":
      ahead.heard();
      printer.heard();
      break;
    case "world":
      tell({ type: "world", text: cut(watched?.world.do(order.deed, order.domid) ?? "There is no machine yet.") });
      void picture(gate.line, false);
  }
}

const printer = new Console(tell);
const print = (isError: boolean) => (...values: unknown[]) => printer.print(values, isError);
Object.assign(console, { log: print(false), info: print(false), warn: print(true), error: print(true) });
Object.assign(globalThis, { playground: { step, library } });

/** Prints an error that nobody has caught. The program goes on. */
function complain(event: Event, error: unknown): void {
  event.preventDefault();
  printer.print([failureOf(error, address).text], true);
}

addEventListener("unhandledrejection", (event) => complain(event, event.reason));
addEventListener("error", (event) => complain(event, event.error));

addEventListener("message", ({ data }) => {
  port = data.port;
  port.onmessage = ({ data }) => obey(data);
}, { once: true });
