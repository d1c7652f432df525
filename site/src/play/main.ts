/**
 * The playground.
 *
 * @module
 */
import type { Lesson } from "../lesson.ts";
import type { Deed, Failure, Frame } from "../protocol.ts";
import { Code } from "./code.ts";
import { element, find } from "./dom.ts";
import { Drafts } from "./drafts.ts";
import { INVISIBLE } from "./invisible.ts";
import { fragmentOf, programIn } from "./link.ts";
import { Log } from "./log.ts";
import { MachineView } from "./machine_view.ts";
import { missing } from "./missing.ts";
import { Player, type State } from "./player.ts";

const RUN: Readonly<Record<State, string>> = { idle: "Run", running: "Pause", paused: "Go on", ended: "Run again" };
/** The pauses that the slider stands for, in milliseconds. */
const PACES = [2500, 1500, 900, 500, 250, 100, 0];

const FROM_LINK = "A program from a link";

/** Loads the source of the worker, which the head of the page names. */
async function loadRunner(): Promise<string> {
  const response = await fetch(find<HTMLLinkElement>("#runner").href).catch(() => {
    throw new Error(missing("what runs programs", "Programs can be read, but not run."));
  });
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
const reset = find<HTMLButtonElement>("#reset");
const domid = find<HTMLSelectElement>("#domid");
const deeds = document.querySelectorAll<HTMLButtonElement>("[data-deed]");
const log = new Log(find("#log"));
const machine = new MachineView();
const drafts = new Drafts();
/** The program as the lesson or the link has it. */
let original = "";
/** What the page says while no program runs. */
let idle = next.textContent;
/** The frames whose calls are in the log. */
const told = new WeakSet<Frame>();

const player = new Player(runner, {
  onFrame(frame, previous) {
    machine.show(frame, previous, player.position);
    code.mark(frame.line);
    offer(frame);
    guide();
    if (!told.has(frame)) {
      told.add(frame);
      for (const words of frame.sentences) log.add("call", player.position, words);
    }
    log.look(player.position);
  },
  // The next picture shows what has led to this.
  onPrint: (text, isError) => log.add(isError ? "error" : "print", player.lastPosition + 1, text),
  onWorld: (text) => log.add("world", player.lastPosition + 1, text),
  onState(state) {
    run.textContent = RUN[state];
    document.body.dataset["state"] = state;
    allow(stop, state !== "idle");
    for (const button of deeds) allow(button, state !== "idle");
    // While the program runs, screen readers have the log to read.
    next.ariaLive = state === "running" ? "off" : "polite";
    guide();
    if (state === "ended") note(`The program has ended${leftBy(player.frame)}.`);
  },
  onFailure: fail,
});
const code = new Code(find("#editor"), () => {
  if (player.state !== "idle") player.stop();
  code.mark(undefined);
  drafts.keep(original, code.program);
  allow(reset, code.program !== original);
});

/** Says what comes next, and which ways there are. */
function guide(): void {
  const line = player.frame?.line;
  if (player.state === "idle") next.textContent = idle;
  else if (player.isOver) next.textContent = "This is the end. To step from the beginning, press Stop.";
  else next.textContent = line === undefined ? "" : `Line ${line} ${player.isLast ? "comes" : "came"} next.`;
  allow(back, player.canGoBack);
  allow(step, !player.isOver);
}

/** Says what a program has left behind. */
function leftBy(frame: Frame | undefined): string {
  const domains = frame?.report.domains ?? [];
  if (domains.length === 0) return "";
  const isLeft = domains.some(({ grants, mappings, ports, connections }) =>
    [grants, mappings, ports, connections].some(({ length }) => length > 0)
  );
  return isLeft ? ". What it has not given back is still there" : ", and nothing is left of what it had";
}

/** Tells the reader something about the page. */
function note(text: string): void {
  log.add("end", player.lastPosition, text);
}

function fail({ text, code: name, line }: Failure): void {
  if (line !== undefined) code.mark(line, true);
  const help = name === undefined
    ? undefined
    : element("a", { href: `../docs/troubleshooting.html#${name.replace(":", "")}` }, `What ${name} means`);
  log.add("error", player.lastPosition, `${text} `, help);
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

/** Shows nothing of what has run. */
function clear(): void {
  log.clear();
  machine.clear();
  code.mark(undefined);
}

function start(paused: boolean): void {
  clear();
  void player.start(code.prepare(), paused);
}

/** Says that something did not work that the program has no part in. */
function complain(error: unknown): void {
  log.add("error", player.lastPosition, error instanceof Error ? error.message : String(error));
}

run.onclick = () => {
  if (player.state === "running") player.pause();
  else if (player.state === "paused") player.resume();
  else start(false);
};
step.onclick = () => {
  if (player.isOver) return;
  if (player.state === "idle") return start(true);
  if (player.state === "running") player.pause();
  player.forward();
};
back.onclick = () => player.back();
stop.onclick = () => {
  if (player.state === "idle") return;
  player.stop();
  clear();
};
reset.onclick = () => {
  if (code.program !== original) code.change(original);
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
  const lesson = lessons.find(({ program }) => program === code.program);
  try {
    history.replaceState(null, "", lesson === undefined ? await fragmentOf(code.program) : `#${lesson.id}`);
  } catch (error) {
    return complain(error);
  }
  // A page that came without TLS has no clipboard.
  const isCopied = await navigator.clipboard?.writeText(location.href).then(() => true, () => false);
  note(
    `The link to this ${lesson === undefined ? "program" : "lesson"} ${
      isCopied ? "was copied" : "is in the address bar"
    }.`,
  );
};

function show(program: string, lesson: Lesson | undefined): void {
  player.stop();
  clear();
  original = program;
  choice.value = lesson?.id ?? "";
  document.title = `${lesson?.title ?? FROM_LINK} · gntalloc`;
  document.body.dataset["lesson"] = choice.value;
  about.classList.toggle("warning", lesson === undefined);
  about.textContent = lesson?.about ?? aboutStranger(program);
  const draft = drafts.of(program);
  code.program = draft ?? program;
  allow(reset, draft !== undefined);
  if (draft !== undefined) note("This is the program as you have changed it. Reset brings the original back.");
}

function aboutStranger(program: string): string {
  const warning = "This program came with the link. Read it before you run it.";
  return INVISIBLE.test(program)
    ? `${warning} It has characters that cannot be seen, which may hide what it does: the editor marks them with red dots.`
    : warning;
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
    element("option", { value: "", hidden: true }, FROM_LINK),
    ...lessons.map(({ id, title }, index) => element("option", { value: id }, `${index + 1}. ${title}`)),
  );
  // Another address may be opened while a program is unpacked: this must not replace it then.
  show(lessons[0]!.program, lessons[0]);
  await open(location.hash);
  await runner;
  run.disabled = step.disabled = false;
  idle = "Ready.";
  guide();
  document.body.dataset["ready"] = "";
  performance.mark("ready");
} catch (error) {
  idle = "Nothing can be run.";
  guide();
  complain(error);
}
code.edit().then(() => performance.mark("editing"), () => {
  complain(missing("the editor", "Programs can be read, and run if all else is there, but not changed."));
});
