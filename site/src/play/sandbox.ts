import type { News, Order } from "../protocol.ts";
import { newsIn } from "./news.ts";
import { SANDBOX_SCRIPT } from "./sandbox_script.ts";

/** All that the frame may still do once its script runs, and its worker, too. The policy of the page applies as well. */
const POLICY = "default-src 'none'; script-src blob: 'wasm-unsafe-eval'; worker-src blob:";
const FRAME = `<!doctype html><script>${SANDBOX_SCRIPT}</script>` +
  `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`;

/** How long the page listens before it says that it has heard, in milliseconds. */
const LISTENS = 20;
/** What all may cost that a worker tells until then. One whose program does not cheat waits before it is so much. */
const MOST_COST = 2_000_000;
/** What each thing costs, however short it is: it is a task, and maybe a line of the log. */
const BASE_COST = 250;

const UNSHOWN = "the page cannot show what it has";

/**
 * A worker that runs one program. Links bring programs of strangers, so it is in a frame without an origin: it reaches
 * neither what this site keeps nor the network.
 */
export class Sandbox {
  readonly #frame = document.createElement("iframe");
  readonly #port: MessagePort;
  readonly #hear: (news: News, cost: number) => void;
  /** The cost of what it has told since the page said last that it has heard. */
  #unheard = 0;

  /**
   * Starts it.
   *
   * @param runner The source of the worker.
   * @param program The program, prepared for it.
   * @param hear Takes what it tells and what that costs, until it is closed. What it may not tell closes it.
   */
  constructor(runner: string, program: string, hear: (news: News, cost: number) => void) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#hear = hear;
    port1.onmessage = ({ data, ports }) => ports.length === 0 ? this.#receive(data) : this.#refuse(UNSHOWN);
    // Some objects cannot be read here, such as modules of WebAssembly.
    port1.onmessageerror = () => this.#refuse(UNSHOWN);
    this.#frame.sandbox.add("allow-scripts");
    this.#frame.hidden = true;
    this.#frame.title = "The worker of the program";
    this.#frame.srcdoc = FRAME;
    this.#frame.onload = () => this.#frame.contentWindow?.postMessage(runner, "*", [port2]);
    addEventListener("message", this.#onMessage);
    document.body.append(this.#frame);
    this.tell({ type: "start", program });
  }

  /** Tells the worker something. */
  tell(order: Order): void {
    this.#port.postMessage(order);
  }

  /** Ends the worker, whatever it does. */
  close(): void {
    this.#port.onmessage = this.#port.onmessageerror = null;
    this.#port.close();
    removeEventListener("message", this.#onMessage);
    this.#frame.remove();
  }

  /** The frame tells only that its worker failed. */
  readonly #onMessage = ({ source }: MessageEvent): void => {
    if (source === this.#frame.contentWindow) this.#refuse("its worker has failed");
  };

  #receive(data: unknown): void {
    const told = newsIn(data);
    if (told === undefined) return this.#refuse(UNSHOWN);
    if (this.#unheard === 0) {
      setTimeout(() => {
        this.#unheard = 0;
        this.tell({ type: "heard" });
      }, LISTENS);
    }
    this.#unheard += BASE_COST + told.cost;
    if (this.#unheard > MOST_COST) return this.#refuse("the page cannot take all that it tells");
    this.#hear(told.news, told.cost);
  }

  #refuse(reason: string): void {
    this.close();
    const text = `Cannot go on with the program: ${reason}. Change it, and run it again.`;
    this.#hear({ type: "end", failure: { text, code: undefined, line: undefined } }, 0);
  }
}
