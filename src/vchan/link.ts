import type { EventChannel } from "../events/event_channel.ts";
import type { RingReader } from "./ring_reader.ts";
import type { RingWriter } from "./ring_writer.ts";

/** What a connection is made of, once both sides share memory. */
export interface Link {
  readonly reader: RingReader;
  readonly writer: RingWriter;
  readonly channel: EventChannel;
  /** Whether the other side is here. */
  peerIsHere(): boolean;
  /** Whether yet another one has come in its place: what they have written cannot be told apart. */
  isSpoiled(): boolean;
  /** Stops what it does by itself, as the connection has ended: memory may be given back now. */
  calm(): void;
  /** Continues after the system has lost events. */
  resetEvents(): void;
  /**
   * Gives back the memory and the channel, and tells the other side.
   *
   * @throws {GrantError} if the system refuses. They are given back anyway.
   */
  release(): void;
}
