import { drawXen } from "@gntalloc/gntalloc/pictures";
import type { Frame } from "../protocol.ts";
import { element, find, more } from "./dom.ts";
import { domainViews } from "./domain_view.ts";
import { storeView } from "./store_view.ts";

/** How many domains are shown: a page has no room for more. */
const MOST_DOMAINS = 16;

/** Shows a machine: its domains side by side, XenStore, and the picture that `drawXen()` makes of all. */
export class MachineView {
  readonly #domains = find("#domains");
  readonly #store = find("#store");
  readonly #picture = find("#picture");
  #shown: { readonly frame: Frame; readonly before: Frame | undefined; readonly position: number } | undefined;
  #isPlanned = false;

  constructor() {
    this.clear();
    new ResizeObserver(() => this.#drawPicture()).observe(this.#picture);
  }

  /**
   * Shows a frame, and marks what differs from another one. A program without pauses has more frames than a screen.
   *
   * @param position How many frames came before.
   */
  show(frame: Frame, before: Frame | undefined, position: number): void {
    this.#shown = { frame, before, position };
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    requestAnimationFrame(() => {
      this.#isPlanned = false;
      this.#draw();
    });
  }

  clear(): void {
    this.#shown = undefined;
    this.#picture.replaceChildren();
    this.#store.replaceChildren(element("p", { class: "none" }, "There is no machine yet."));
    this.#domains.replaceChildren(element("p", { class: "hint" }, "Run the program: its domains appear here."));
    delete document.body.dataset["frame"];
  }

  #draw(): void {
    if (this.#shown === undefined) return;
    const { frame, before, position } = this.#shown;
    const { domains } = frame.report;
    const rest = more(domains.length - MOST_DOMAINS);
    const show = domainViews(frame, before);
    this.#domains.replaceChildren(...domains.slice(0, MOST_DOMAINS).map(show), ...(rest === undefined ? [] : [rest]));
    this.#store.replaceChildren(storeView(frame.nodes, before?.nodes ?? []));
    this.#drawPicture();
    document.body.dataset["frame"] = String(position);
  }

  #drawPicture(): void {
    if (this.#shown === undefined) return;
    const domains = this.#shown.frame.report.domains.slice(0, MOST_DOMAINS);
    if (domains.length === 0) return this.#picture.replaceChildren();
    const width = Math.max(320, Math.floor(this.#picture.clientWidth));
    this.#picture.innerHTML = drawXen({ domains }, { title: "The whole machine", width });
  }
}
