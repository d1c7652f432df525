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
  #frame: Frame | undefined;

  constructor() {
    this.clear();
    new ResizeObserver(() => this.#draw()).observe(this.#picture);
  }

  /** Shows a frame, and marks what differs from another one. */
  show(frame: Frame, before: Frame | undefined): void {
    this.#frame = frame;
    this.#domains.replaceChildren(
      ...frame.report.domains.map((domain) => domainView(domain, frame, before)),
    );
    this.#store.replaceChildren(storeView(frame.nodes, before?.nodes ?? []));
    this.#draw();
  }

  clear(): void {
    this.#frame = undefined;
    for (const place of [this.#store, this.#picture]) place.replaceChildren();
    this.#domains.replaceChildren(element("p", { class: "hint" }, "Run the program: its domains appear here."));
  }

  #draw(): void {
    if (this.#frame === undefined || this.#frame.report.domains.length === 0) return;
    const width = Math.max(320, Math.floor(this.#picture.clientWidth));
    this.#picture.innerHTML = drawXen(this.#frame.report, { title: "The whole machine", width });
  }
}
