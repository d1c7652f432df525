import { lines } from "./cli.ts";

/** What two domains share. */
export const SCRIPT = lines(
  "1: allocate ring --to 0 --pages 4 --writable",
  "0: map view 1 8-9 --writable",
  "1: bind bell 0",
  "0: join bell 1 bell",
);

/** What `inspect` shows of it. */
export const VIEW = `domain 1  4 of 1024 pages, 1 × XenStore
  grants 8-9 to domain 0, writable, mapped by domain 0
  grants 10-11 to domain 0, writable
  port 1 ⇄ domain 0, port 1
domain 0  0 of 1024 pages
  maps 8-9 of domain 1, writable
  port 1 ⇄ domain 1, port 1
`;
