import type { News, Order } from "../protocol.ts";
import { SANDBOX_SCRIPT } from "./sandbox_script.ts";

/** All that the frame may still do once its script runs, and its worker, too. The policy of the page applies as well. */
const POLICY = "default-src 'none'; script-src blob: 'wasm-unsafe-eval'; worker-src blob:";
const FRAME = `<!doctype html><script>${SANDBOX_SCRIPT}</script>` +
  `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`;

/**
 * A worker that runs one program. Links bring programs of strangers, so it is in a frame without an origin: it reaches
 * neither what this site keeps nor the network.
 */
export class Sandbox {
  readonly #frame = document.createElement("iframe");
  readonly #port: MessagePort;

  /**
   * Starts it.
   *
   * @param runner The source of the worker.
   * @param program The program, prepared for it.
   * @param hear Takes what it tells, until it is closed.
   */
  constructor(runner: string, program: string, hear: (news: News) => void) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.onmessage = ({ data }: MessageEvent<News>) => hear(data);
    this.#frame.sandbox.add("allow-scripts");
    this.#frame.hidden = true;
    this.#frame.title = "The worker of the program";
    this.#frame.srcdoc = FRAME;
    this.#frame.onload = () => this.#frame.contentWindow?.postMessage(runner, "*", [port2]);
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
    this.#frame.remove();
  }
}
