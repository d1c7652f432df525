import type { News, Order } from "../protocol.ts";
import { isNews } from "./news.ts";
import { SANDBOX_SCRIPT } from "./sandbox_script.ts";

/** All that the frame may still do once its script runs, and its worker, too. The policy of the page applies as well. */
const POLICY = "default-src 'none'; script-src blob: 'wasm-unsafe-eval'; worker-src blob:";
const FRAME = `<!doctype html><script>${SANDBOX_SCRIPT}</script>` +
  `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`;

/** How long the page listens before it says that it has heard, in milliseconds. */
const LISTENS = 50;
/** How much a worker may tell until then. One whose program does not cheat tells a tenth. */
const MOST_NEWS = 10_000;

/**
 * A worker that runs one program. Links bring programs of strangers, so it is in a frame without an origin: it reaches
 * neither what this site keeps nor the network.
 */
export class Sandbox {
  readonly #frame = document.createElement("iframe");
  readonly #port: MessagePort;
  readonly #hear: (news: News) => void;
  #unheard = 0;

  /**
   * Starts it.
   *
   * @param runner The source of the worker.
   * @param program The program, prepared for it.
   * @param hear Takes what it tells, until it is closed. What it may not tell closes it.
   */
  constructor(runner: string, program: string, hear: (news: News) => void) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#hear = hear;
    port1.onmessage = ({ data }) => this.#receive(data);
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
    this.#port.onmessage = null;
    this.#port.close();
    removeEventListener("message", this.#onMessage);
    this.#frame.remove();
  }

  /** The frame tells only that its worker failed. */
  readonly #onMessage = ({ source }: MessageEvent): void => {
    if (source === this.#frame.contentWindow) this.#refuse("its worker has failed");
  };

  #receive(data: unknown): void {
    if (!isNews(data)) return this.#refuse("the page cannot show what it has");
    if (++this.#unheard > MOST_NEWS) return this.#refuse("the page cannot take all that it tells");
    if (this.#unheard === 1) {
      setTimeout(() => {
        this.#unheard = 0;
        this.tell({ type: "heard" });
      }, LISTENS);
    }
    this.#hear(data);
  }

  #refuse(reason: string): void {
    this.close();
    const text = `Cannot go on with the program: ${reason}. Change it, and run it again.`;
    this.#hear({ type: "end", failure: { text, code: undefined, line: undefined } });
  }
}
