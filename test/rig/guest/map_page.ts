/**
 * A process that maps one page of a domain, writes a 1 into it, prints that as JSON, and keeps the page until it is
 * killed.
 */
import { denoDomain } from "../../../backends/deno.ts";
import { GrantMapper } from "../../../mod.ts";

const [domid, gref] = Deno.args.map(Number) as [number, number];
const { bytes } = new GrantMapper(denoDomain()).map(domid, [gref], { writable: true });
bytes[0] = 1;
console.log(JSON.stringify({ mapped: true }));
setInterval(() => {}, 1 << 30);
