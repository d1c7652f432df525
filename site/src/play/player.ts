import type { Deed, Failure, Frame, News } from "../protocol.ts";
import { Film } from "./film.ts";
import { Sandbox } from "./sandbox.ts";

/** What a program does: nothing yet; its next statement comes by itself, or waits for the reader; or it is done. */
export type State = "idle" | "running" | "paused" | "ended";

/** What a player tells the page. */
export interface Listener {
  /** A picture is to be shown, with the one to which it is compared. */
  onFrame(frame: Frame, previous: Frame | undefined): void;
  onPrint(text: string, isError: boolean): void;
  onWorld(text: string): void;
  onState(state: State): void;
  onFailure(failure: Failure): void;
}

/** Runs a program at the reader's pace, and keeps the pictures of all that it has done. */
export class Player {
  readonly #listener: Listener;
  readonly #runner: Promise<string>;
  #sandbox: Sandbox | undefined;
  #film = new Film();
  #shown = -1;
  #state: State = "idle";
  /** How many statements wait for permission. */
  #waiting = 0;
  /** Changes with each start and stop. */
  #run = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The pause before each statement, in milliseconds. */
  pace = 700;

  constructor(runner: Promise<string>, listener: Listener) {
    this.#runner = runner;
    this.#listener = listener;
  }

  get state(): State {
    return this.#state;
  }

  /** How many pictures came before the one that is shown. */
  get position(): number {
    return this.#film.forgotten + this.#shown;
  }

  /** How many pictures came before the last one; -1 if there is none yet. */
  get lastPosition(): number {
    return this.#film.forgotten + this.#film.length - 1;
  }

  /** The picture that is shown. */
  get frame(): Frame | undefined {
    return this.#film.at(this.#shown);
  }

  /** Whether an earlier picture can be shown. */
  get canGoBack(): boolean {
    return this.#shown > 0;
  }

  /** Whether the last picture is shown. */
  get isLast(): boolean {
    return this.#shown === this.#film.length - 1;
  }

  /** Whether the program has ended, and its last picture is shown. */
  get isOver(): boolean {
    return this.#state === "ended" && this.isLast;
  }

  /**
   * Runs a program from its beginning.
   *
   * @param program The program, prepared for the worker, or why it cannot run.
   * @param paused Whether it waits before its first statement.
   */
  async start(program: Promise<string | Failure>, paused: boolean): Promise<void> {
    this.stop();
    const run = this.#run;
    this.#setState(paused ? "paused" : "running");
    const [runner, prepared] = await Promise.all([this.#runner, program.catch(unforeseen)]);
    if (run !== this.#run) return;
    if (typeof prepared === "string") {
      this.#sandbox = new Sandbox(runner, prepared, (news, cost) => this.#hear(news, cost));
      return;
    }
    this.stop();
    this.#listener.onFailure(prepared);
  }

  /** Runs on by itself. */
  resume(): void {
    this.#showLast();
    this.#setState("running");
    this.#plan();
  }

  pause(): void {
    clearTimeout(this.#timer);
    this.#setState("paused");
  }

  /** Shows the next picture, for which the next statement runs if need be. */
  forward(): void {
    if (this.#shown < this.#film.length - 1) this.#show(this.#shown + 1);
    else this.#go();
  }

  /** Shows the picture before. The program stays where it is. */
  back(): void {
    if (!this.canGoBack) return;
    if (this.#state === "running") this.pause();
    this.#show(this.#shown - 1);
  }

  /** Does something to a domain. */
  world(deed: Deed, domid: number): void {
    this.#showLast();
    this.#sandbox?.tell({ type: "world", deed, domid });
  }

  /** Ends the program, and forgets it. */
  stop(): void {
    this.#run++;
    clearTimeout(this.#timer);
    this.#sandbox?.close();
    this.#sandbox = undefined;
    this.#film = new Film();
    this.#shown = -1;
    this.#waiting = 0;
    this.#setState("idle");
  }

  #hear(news: News, cost: number): void {
    switch (news.type) {
      case "frame":
        if (news.waits) this.#waiting++;
        this.#film.add(news.frame, cost);
        this.#show(this.#film.length - 1);
        this.#plan();
        break;
      case "print":
        this.#listener.onPrint(news.text, news.isError);
        break;
      case "world":
        this.#listener.onWorld(news.text);
        break;
      case "end":
        clearTimeout(this.#timer);
        if (news.failure !== undefined) this.#listener.onFailure(news.failure);
        this.#setState("ended");
    }
  }

  #plan(): void {
    clearTimeout(this.#timer);
    if (this.#state === "running") this.#timer = setTimeout(() => this.#go(), this.pace);
  }

  #go(): void {
    if (this.#waiting === 0) return;
    this.#waiting--;
    this.#sandbox?.tell({ type: "go" });
    if (this.#waiting > 0) this.#plan();
  }

  #showLast(): void {
    if (this.#shown < this.#film.length - 1) this.#show(this.#film.length - 1);
  }

  #show(index: number): void {
    this.#shown = index;
    this.#listener.onFrame(this.#film.at(index)!, this.#film.at(index - 1));
  }

  #setState(state: State): void {
    this.#state = state;
    this.#listener.onState(state);
  }
}

/** An error of the page itself. The reader sees it, and can go on. */
function unforeseen(error: unknown): Failure {
  return { text: `Cannot run the program: ${error}. Change it.`, code: undefined, line: undefined };
}
