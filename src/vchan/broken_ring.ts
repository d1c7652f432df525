/** The other side has broken the protocol. */
export class BrokenRing extends Error {
  /** @param what What it did: "it has read 5 bytes of 4". */
  constructor(what: string) {
    super(what);
    this.name = "BrokenRing";
  }
}
