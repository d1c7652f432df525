import { type EventChannel, EventChannels } from "../../../mod.ts";
import { nextEvent } from "../timing.ts";
import type { EventsTarget } from "../target.ts";

/** What a test of event channels works with: both sides, which are closed at its end. */
export class EventsSetup {
  readonly target: EventsTarget;
  readonly events: EventChannels;
  readonly peerEvents: EventChannels;
  readonly #opened: EventChannels[] = [];

  constructor(target: EventsTarget) {
    this.target = target;
    this.events = this.another();
    this.peerEvents = this.another(true);
  }

  /** More event channels, like those of another process in the domain. */
  readonly another = (peers = false): EventChannels => {
    const events = new EventChannels(peers ? this.target.peer : this.target.domain);
    this.#opened.push(events);
    return events;
  };

  /** A channel between both sides, without the event that it begins with. */
  readonly connect = async (): Promise<{ ours: EventChannel; theirs: EventChannel }> => {
    const ours = this.events.bindUnbound(this.target.peerDomid);
    const theirs = this.peerEvents.bindInterdomain(this.target.domid, ours.port);
    await nextEvent(theirs);
    return { ours, theirs };
  };

  /** Closes everything. */
  disconnect(): void {
    for (const events of this.#opened) events.close();
  }
}

/** Tests by their names. */
export type EventsTests = Record<string, (setup: EventsSetup) => void | Promise<void>>;
