import type { EventChannel, Mapping, PeerMapping, Share, SharedPages } from "@gntalloc/gntalloc";
import type { Vchan } from "@gntalloc/gntalloc/vchan";

/** Something that a script holds, and how it is let go. */
export type Held =
  & (
    | { readonly kind: "pages"; readonly pages: SharedPages }
    | { readonly kind: "share"; readonly share: Share }
    | { readonly kind: "mapping"; readonly mapping: Mapping | PeerMapping }
    | { readonly kind: "channel"; readonly channel: EventChannel }
    | { readonly kind: "vchan"; connection(): Promise<Vchan> }
  )
  & { release(): unknown };
