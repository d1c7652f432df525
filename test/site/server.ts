import { gzipSync } from "node:zlib";

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css",
  html: "text/html",
  js: "text/javascript",
  json: "application/json",
  svg: "image/svg+xml",
};

/** How a host differs from a plain one. */
export interface Host {
  /** Whether it redirects from `index.html` to its folder. */
  readonly hidesIndex?: boolean;
  /** Whether browsers need not ask for an hour whether something has changed. */
  readonly isCached?: boolean;
}

/** Serves a folder below some path, compressed, as hosts of static files do. */
export class StaticServer implements AsyncDisposable {
  /** The address of the folder. */
  readonly address: string;
  /** The paths below that were asked for, oldest first. */
  readonly requests: string[] = [];
  /** The new texts of files that have changed since they were built, by their paths below. */
  readonly changed = new Map<string, string>();
  readonly #held = new Map<string, Promise<void>>();
  /** How many bytes it has sent, without headers. */
  bytes = 0;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(folder: string, { hidesIndex = false, isCached = false }: Host) {
    const below = "/a/project/";
    this.#server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async ({ url }) => {
      const { pathname } = new URL(url);
      this.requests.push(pathname.slice(below.length));
      const path = pathname.endsWith("/") ? `${pathname}index.html` : pathname;
      if (hidesIndex && pathname.endsWith("/index.html")) return Response.redirect(new URL(".", url), 308);
      // Browsers ask for it where a page cannot name an icon: a picture, for example.
      if (path === "/favicon.ico") return new Response(null, { status: 204 });
      if (!path.startsWith(below)) return new Response("not here", { status: 404 });
      try {
        const file = path.slice(below.length);
        await this.#held.get(file);
        const bytes = this.changed.get(file) ?? await Deno.readFile(`${folder}/${file}`);
        const type = TYPES[path.split(".").at(-1)!] ?? "application/octet-stream";
        // Everybody may read it: only the policies of pages keep programs away.
        const headers = new Headers({
          "content-type": type,
          "content-encoding": "gzip",
          "access-control-allow-origin": "*",
        });
        if (isCached) headers.set("cache-control", "max-age=3600");
        const packed = gzipSync(bytes);
        this.bytes += packed.length;
        return new Response(packed, { headers });
      } catch {
        return new Response(null, { status: 404 });
      }
    });
    this.address = `http://127.0.0.1:${this.#server.addr.port}${below}`;
  }

  /** Does not answer for a file until what it returns is disposed of. */
  hold(path: string): Disposable {
    const held = Promise.withResolvers<void>();
    this.#held.set(path, held.promise);
    return { [Symbol.dispose]: () => held.resolve() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
