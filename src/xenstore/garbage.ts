/** The daemon or the backend broke the protocol: nothing that follows can be trusted. */
export class Garbage extends Error {
  /** @param what What was received: "a reply to a request that nobody made". */
  constructor(what: string) {
    super(`received ${what}`);
    this.name = "Garbage";
  }
}
