/**
 * The calls that the backends of a domain take, described as data. Once a new kind of backend has its rows here, the
 * recorder and the faults can wrap it.
 *
 * @module
 */
import type {
  DomainPart,
  EventBackend,
  EventFile,
  GrantBackend,
  GrantFile,
  MapBackend,
  MapFile,
  MappedMemory,
  PeerMemory,
  StoreBackend,
  StoreConnection,
} from "../../src/contract/backend.ts";

/** The objects that take calls, by the names of their interfaces. */
interface CalledObjects {
  GrantBackend: GrantBackend;
  GrantFile: GrantFile;
  MappedMemory: MappedMemory;
  MapBackend: MapBackend;
  MapFile: MapFile;
  PeerMemory: PeerMemory;
  EventBackend: EventBackend;
  EventFile: EventFile;
  StoreBackend: StoreBackend;
  StoreConnection: StoreConnection;
}

/** The name of an interface whose methods are calls. */
export type ObjectName = keyof CalledObjects;

// deno-lint-ignore no-explicit-any -- a constraint for functions of any parameters
type AnyFunction = (...args: any[]) => unknown;

type MethodName<T> = { [M in keyof T]-?: NonNullable<T[M]> extends AnyFunction ? M : never }[keyof T] & string;

/** For each method, what names its arguments. */
type Describers<T> = {
  readonly [M in MethodName<T>]: (...args: Parameters<Extract<T[M], AnyFunction>>) => object;
};

const none = () => ({});

/**
 * The arguments of each call, by name. `MapFile.map` has copies of its arrays, because its call is read again when the
 * mapping ends. A buffer for references is the caller's own, because the backend fills it.
 */
export const ARGUMENTS = {
  GrantBackend: { limit: none, open: none },
  GrantFile: {
    grant: (page, count, domid, writable, grefs) => ({ page, count, domid, writable, grefs }),
    endAccess: (page, count, grefs) => ({ page, count, grefs }),
    onRelease: (tell) => ({ tell }),
    map: (page, count, gref, writable) => ({ page, count, gref, writable }),
    setUnmapNotify: (page, gref, notify) => ({ page, gref, notify }),
    close: none,
  },
  MappedMemory: { unmap: none },
  MapBackend: { open: none },
  MapFile: {
    map: (domid, grefs, writable) => ({
      domid: typeof domid === "number" ? domid : [...domid],
      grefs: [...grefs],
      writable,
    }),
    copy: (segments) => ({ segments }),
    close: none,
  },
  PeerMemory: { unmap: none, setUnmapNotify: (notify) => ({ notify }) },
  EventBackend: { open: none },
  EventFile: {
    bindUnbound: (domid) => ({ domid }),
    bindInterdomain: (domid, remotePort) => ({ domid, remotePort }),
    bindVirq: (virq) => ({ virq }),
    notify: (port) => ({ port }),
    pending: none,
    unmask: (port) => ({ port }),
    whenPending: (callback) => ({ callback }),
    reset: none,
    unbind: (port) => ({ port }),
    close: none,
  },
  StoreBackend: { open: none },
  StoreConnection: {
    send: (message) => ({ message }),
    receive: (bytes) => ({ bytes }),
    whenReadable: (callback) => ({ callback }),
    close: none,
  },
} as const satisfies { readonly [O in ObjectName]: Describers<CalledObjects[O]> };

/** What an object has besides its calls. */
interface Shape {
  /** The part of a domain that it belongs to. */
  readonly part: DomainPart;
  /** The properties that are not methods. */
  readonly properties: readonly string[];
  /** The calls that return an object that takes calls itself. */
  readonly returns: Readonly<Record<string, ObjectName>>;
}

/** The shape of each object. */
export const SHAPES: Readonly<Record<ObjectName, Shape>> = {
  GrantBackend: { part: "grants", properties: ["name", "limitName"], returns: { open: "GrantFile" } },
  GrantFile: { part: "grants", properties: [], returns: { map: "MappedMemory" } },
  MappedMemory: { part: "grants", properties: ["bytes", "ended"], returns: {} },
  MapBackend: { part: "maps", properties: ["name"], returns: { open: "MapFile" } },
  MapFile: { part: "maps", properties: [], returns: { map: "PeerMemory" } },
  PeerMemory: { part: "maps", properties: ["bytes", "parts"], returns: {} },
  EventBackend: { part: "events", properties: ["name"], returns: { open: "EventFile" } },
  EventFile: { part: "events", properties: [], returns: {} },
  StoreBackend: { part: "store", properties: ["name"], returns: { open: "StoreConnection" } },
  StoreConnection: { part: "store", properties: ["maxPayload", "maxInFlight"], returns: {} },
};

/** The parts of a domain, and which object each is. */
export const PARTS: Readonly<Record<DomainPart, ObjectName>> = {
  grants: "GrantBackend",
  maps: "MapBackend",
  events: "EventBackend",
  store: "StoreBackend",
};

type Arguments = typeof ARGUMENTS;

interface CallOf<O extends ObjectName, M extends keyof Arguments[O] & string> {
  /** What is called: `"GrantFile.map"`. */
  readonly name: `${O}.${M}`;
  /** The method alone. */
  readonly method: M;
  /** The part of the domain that takes the call. */
  readonly part: DomainPart;
  /** The backend that the called object comes from. */
  readonly backend: { readonly name: string };
  /** The inner object whose method is called. */
  readonly target: CalledObjects[O];
  /** The call that returned the object: what opened the file or mapped the memory. A backend itself has none. */
  readonly from: Call | undefined;
  /** The arguments, by name. */
  readonly args: Arguments[O][M] extends (...args: never[]) => infer Args ? Args : never;
}

/** The call with a name, or with one of several. */
export type CallNamed<Name extends Call["name"]> = Extract<Call, { name: Name }>;

/** A call of a backend, of one of its files or of memory that it mapped, as data. */
export type Call = {
  [O in ObjectName]: { [M in keyof Arguments[O] & string]: CallOf<O, M> }[keyof Arguments[O] & string];
}[ObjectName];
