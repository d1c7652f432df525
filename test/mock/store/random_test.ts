/** Random requests of several domains, after which the books of the simulated daemons must agree with the nodes. */
import { expect, test } from "vitest";
import { MockXen } from "../../../backends/mock.ts";
import { StoreMessage } from "../../../src/contract/store_wire.ts";
import { Random } from "../../support/random.ts";
import { Client } from "./client.ts";

const { GET_PERMS, MKDIR, READ, RM, SET_PERMS, TRANSACTION_END, TRANSACTION_START, WRITE } = StoreMessage;
const NODES = 60;

/** All nodes, with what is known of each. */
async function all(client: Client): Promise<Map<string, string>> {
  const nodes = new Map<string, string>();
  const visit = async (path: string): Promise<void> => {
    nodes.set(path, `${await client.permissions(path)} ${await client.read(path)}`);
    const names = (await client.list(path)).split("|").filter((name) => name !== "");
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) await visit(path === "/" ? `/${name}` : `${path}/${name}`);
  };
  await visit("/");
  return nodes;
}

function ownedBy(nodes: Map<string, string>, domid: number): number {
  return [...nodes.values()].filter((node) => new RegExp(`^.${domid}\\b`).test(node)).length;
}

for (const daemon of ["xenstored", "oxenstored"] as const) {
  test.each([1, 2, 3, 4])(`${daemon}: counts and lists what there is, seed %i`, async (seed) => {
    const random = new Random(seed);
    const pick = <Item>(items: readonly Item[]): Item => random.pick(items);
    const xen = new MockXen({ store: { daemon, nodes: NODES, transactionSize: 40 } });
    const dom0 = new Client(xen.domain(0).storeSocket);
    await dom0.write("/shared", "");
    await dom0.allow("/shared", "b0");
    const first = await all(dom0);
    const toolstack = { domid: 0, client: dom0, open: [0] };
    let clients = [1, 2, 3].map((domid) => ({ domid, client: new Client(xen.domain(domid).store), open: [0] }));
    const path = (domid: number) => {
      const top = pick(["/shared", `/local/domain/${domid}/data`, `/local/domain/${domid}/drivers`]);
      const length = random.below(3) + (top === "/shared" ? 1 : 0);
      return [top, ...Array.from({ length }, () => pick(["a", "b", "c", "dd"]))].join("/");
    };
    for (let step = 0; step < 600; step++) {
      const actor = pick([...clients, toolstack]);
      const { client, domid } = actor;
      const transaction = pick(actor.open);
      const names = path(pick([1, 2, 3]));
      const type = pick([READ, WRITE, WRITE, MKDIR, RM, SET_PERMS, GET_PERMS, TRANSACTION_START, TRANSACTION_END]);
      if (type === TRANSACTION_START) {
        if (actor.open.length < 5) actor.open.push(await client.start());
      } else if (type === TRANSACTION_END) {
        actor.open = actor.open.filter((id) => id === 0 || id !== transaction);
        if (transaction !== 0) await client.end(transaction, pick(["T", "T", "F"]));
      } else {
        const rest = type === WRITE
          ? "v".repeat(random.below(40))
          : type === SET_PERMS
          ? `${pick(["n", "r", "b"])}${domid}\0${pick(["r", "b", "n"])}${pick([0, 1, 2, 3, 9])}\0`
          : "";
        await client.ask(type, `${names}\0${rest}`, transaction);
      }
      if (random.below(200) === 0) {
        const dead = pick([1, 2, 3]);
        xen.domain(dead).destroy();
        clients = clients.map((one) =>
          one.domid === dead ? { domid: dead, client: new Client(xen.domain(dead).store), open: [0] } : one
        );
      }
    }
    const nodes = await all(dom0);
    for (const { domid, client, open } of clients) {
      for (const id of open) if (id !== 0) await client.end(id, "F");
      const owned = ownedBy(nodes, domid);
      let made = 0;
      while (made < NODES && await client.make(`attr/${made}`) === "OK") made++;
      // Domain 0 may have made more than fit.
      expect([domid, made]).toEqual([domid, Math.max(0, NODES - owned)]);
    }
    for (const domid of [1, 2, 3]) xen.domain(domid).destroy();
    const left = await all(dom0);
    expect([1, 2, 3].map((domid) => ownedBy(left, domid))).toEqual([0, 0, 0]);
    for (const above of first.keys()) expect(left.has(above)).toBe(true);
    for (const node of left.keys()) expect(first.has(node) || /^\/(shared|vm|libxl|local)/.test(node)).toBe(true);
    expect([...left.keys()].filter((node) => /^\/local\/domain\/[1-9]/.test(node))).toEqual([]);
  });
}
