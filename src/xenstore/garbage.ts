/** What the daemon sent, or the backend answered, makes no sense: nothing that follows can be trusted. */
export class Garbage extends Error {
  /** @param what What came: "a reply to a request that nobody made". */
  constructor(what: string) {
    super(`there came ${what}`);
    this.name = "Garbage";
  }
}
