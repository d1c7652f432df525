import { type EventChannel, EventChannels } from "../../../mod.ts";
import { Setup } from "../grants/setup.ts";
import { nextEvent } from "../timing.ts";
import type { MapsTarget } from "../target.ts";

/** What a test of mappers works with; everything it opens is closed at its end. */
export class MapperSetup extends Setup {
  /** How the machine is. */
  readonly joinsPages: boolean;
  readonly #granterEvents: EventChannels;
  readonly #peerEvents: EventChannels;

  constructor(target: MapsTarget) {
    super(target);
    this.joinsPages = target.joinsPages;
    this.#granterEvents = new EventChannels(target.granter);
    this.#peerEvents = new EventChannels(target.peer);
  }

  /** An event channel between granter and peer, without the event that it begins with. */
  readonly connect = async (): Promise<{ ours: EventChannel; theirs: EventChannel }> => {
    const ours = this.#granterEvents.bindUnbound(this.target.peerDomid);
    const theirs = this.#peerEvents.bindInterdomain(this.target.granterDomid, ours.port);
    await nextEvent(theirs);
    return { ours, theirs };
  };

  /** Ends all event channels, whatever came before. */
  disconnect(): void {
    this.#granterEvents.close();
    this.#peerEvents.close();
  }
}

/** Tests by their names. */
export type MapperTests = Record<string, (setup: MapperSetup) => void | Promise<void>>;
