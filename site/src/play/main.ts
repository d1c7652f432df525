/**
 * The playground.
 *
 * @module
 */
import type { Lesson } from "../lesson.ts";
import type { Deed, Failure, Frame } from "../protocol.ts";
import { Code } from "./code.ts";
import { element, find } from "./dom.ts";
import { fragmentOf, programIn } from "./link.ts";
import { Log } from "./log.ts";
import { MachineView } from "./machine_view.ts";
import { Player, type State } from "./player.ts";

const RUN: Readonly<Record<State, string>> = { idle: "Run", running: "Pause", paused: "Go on", ended: "Run again" };
/** The pauses that the slider stands for, in milliseconds. */
const PACES = [2500, 1500, 900, 500, 250, 100, 0];

/** Loads the source of the worker, which the head of the page names. */
async function loadRunner(): Promise<string> {
  const response = await fetch(find<HTMLLinkElement>("#runner").href);
  if (!response.ok) throw new Error(`Cannot load the runner: the server says ${response.status}. Load the page again.`);
  return await response.text();
}

const runner = loadRunner();
runner.catch(() => {});
const lessons: readonly Lesson[] = JSON.parse(find("#lessons").textContent);

const run = find<HTMLButtonElement>("#run");
const step = find<HTMLButtonElement>("#step");
const back = find<HTMLButtonElement>("#back");
const stop = find<HTMLButtonElement>("#stop");
const next = find("#next");
const pace = find<HTMLInputElement>("#pace");
const choice = find<HTMLSelectElement>("#lesson");
const about = find("#about");
const domid = find<HTMLSelectElement>("#domid");
const deeds = document.querySelectorAll<HTMLButtonElement>("[data-deed]");
const log = new Log(find("#log"));
const machine = new MachineView();
/** The frames whose calls are in the log. */
const told = new WeakSet<Frame>();

const player = new Player(runner, {
  onFrame(frame, previous) {
    machine.show(frame, previous, player.position);
    code.mark(frame.line);
    offer(frame);
    next.textContent = frame.line === undefined ? "" : `Line ${frame.line} comes next.`;
    allow(back, player.canGoBack);
    if (told.has(frame)) return;
    told.add(frame);
    for (const words of frame.sentences) log.add("call", words);
  },
  onPrint: (text, isError) => log.add(isError ? "error" : "print", text),
  onWorld: (text) => log.add("world", text),
  onState(state) {
    run.textContent = RUN[state];
    document.body.dataset["state"] = state;
    allow(stop, state !== "idle");
    for (const button of deeds) allow(button, state !== "idle");
    if (state === "idle") {
      allow(back, false);
      next.textContent = "";
    }
    // While the program runs, screen readers have the log to read.
    next.ariaLive = state === "running" ? "off" : "polite";
    if (state === "ended") log.add("end", "The program has ended. What it has not given back is still there.");
  },
  onFailure: fail,
});
const code = new Code(find("#editor"), () => {
  if (player.state !== "idle") player.stop();
  code.mark(undefined);
});

function fail({ text, code: name, line }: Failure): void {
  if (line !== undefined) code.mark(line, true);
  const help = name === undefined
    ? undefined
    : element("a", { href: `../docs/troubleshooting.html#${name.replace(":", "")}` }, `What ${name} means`);
  log.add("error", `${text} `, help);
}

/** Lets the reader press a button, or not. It keeps the focus: it may have been pressed a moment ago. */
function allow(button: HTMLButtonElement, isAllowed: boolean): void {
  button.ariaDisabled = String(!isAllowed);
}

/** Lets the reader choose among the domains that there are. */
function offer({ report }: Frame): void {
  const numbers = report.domains.map((domain) => String(domain.domid));
  if ([...domid.options].map((option) => option.value).join() === numbers.join()) return;
  const chosen = domid.value;
  domid.replaceChildren(...numbers.map((number) => element("option", { value: number }, `Domain ${number}`)));
  if (numbers.includes(chosen)) domid.value = chosen;
}

function start(paused: boolean): void {
  log.clear();
  machine.clear();
  code.mark(undefined);
  void player.start(code.prepare(), paused);
}

/** Says that something did not work that the program has no part in. */
function complain(error: unknown): void {
  log.add("error", error instanceof Error ? error.message : String(error));
}

run.onclick = () => {
  if (player.state === "running") player.pause();
  else if (player.state === "paused") player.resume();
  else start(false);
};
step.onclick = () => {
  if (player.state === "idle" || player.isOver) return start(true);
  if (player.state === "running") player.pause();
  player.forward();
};
back.onclick = () => player.back();
stop.onclick = () => {
  if (player.state === "idle") return;
  player.stop();
  log.clear();
  machine.clear();
  code.mark(undefined);
};
function setPace(): void {
  player.pace = PACES[pace.valueAsNumber]!;
  pace.ariaValueText = player.pace === 0 ? "no pauses" : `${player.pace / 1000} seconds for a statement`;
}
pace.oninput = setPace;
setPace();
for (const button of deeds) {
  button.onclick = () => {
    if (player.state !== "idle") player.world(button.dataset["deed"] as Deed, Number(domid.value));
  };
}

find<HTMLButtonElement>("#share").onclick = async () => {
  try {
    history.replaceState(null, "", await fragmentOf(code.program));
  } catch (error) {
    return complain(error);
  }
  // A page that came without TLS has no clipboard.
  const isCopied = await navigator.clipboard?.writeText(location.href).then(() => true, () => false);
  log.add("end", `The link to this program ${isCopied ? "was copied" : "is in the address bar"}.`);
};

function show(program: string, lesson: Lesson | undefined): void {
  if (player.state !== "idle") stop.click();
  choice.value = lesson?.id ?? "";
  document.title = `${lesson?.title ?? "Your program"} · gntalloc`;
  document.body.dataset["lesson"] = choice.value;
  about.textContent = lesson?.about ?? "This program came with the link. Read it before you run it.";
  code.program = program;
}

/** Changes with each address, as a program takes a while to unpack. */
let addresses = 0;

/** Opens the lesson or the program of an address. One that leads to a place in the page changes nothing. */
async function open(fragment: string): Promise<void> {
  const address = ++addresses;
  try {
    const lesson = lessons.find(({ id }) => `#${id}` === fragment);
    const program = lesson?.program ?? await programIn(fragment);
    if (program !== undefined && address === addresses) show(program, lesson);
  } catch (error) {
    if (address === addresses) complain(error);
  }
}

choice.onchange = () => location.hash = choice.value;
addEventListener("hashchange", () => void open(location.hash));

try {
  choice.append(
    ...lessons.map(({ id, title }, index) => element("option", { value: id }, `${index + 1}. ${title}`)),
  );
  // Another address may be opened while a program is unpacked: this must not replace it then.
  show(lessons[0]!.program, lessons[0]);
  await open(location.hash);
  await runner;
  run.disabled = step.disabled = false;
  document.body.dataset["ready"] = "";
  performance.mark("ready");
} catch (error) {
  complain(error);
}
code.edit().then(() => performance.mark("editing"), () => {
  complain("Cannot load the editor. The program can be run; load the page again to change it.");
});
