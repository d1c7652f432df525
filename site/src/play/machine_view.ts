import { drawXen } from "@gntalloc/gntalloc/pictures";
import type { Frame } from "../protocol.ts";
import { element, find } from "./dom.ts";
import { domainView } from "./domain_view.ts";
import { storeView } from "./store_view.ts";

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
    this.#domains.replaceChildren(...frame.report.domains.map((domain) => domainView(domain, frame, before)));
    this.#store.replaceChildren(storeView(frame.nodes, before?.nodes ?? []));
    this.#drawPicture();
    document.body.dataset["frame"] = String(position);
  }

  #drawPicture(): void {
    if (this.#shown === undefined || this.#shown.frame.report.domains.length === 0) return;
    const width = Math.max(320, Math.floor(this.#picture.clientWidth));
    this.#picture.innerHTML = drawXen(this.#shown.frame.report, { title: "The whole machine", width });
  }
}
