import { gzipSync } from "node:zlib";

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css",
  html: "text/html",
  js: "text/javascript",
  json: "application/json",
  svg: "image/svg+xml",
};

/** Serves a folder below some path, compressed, as hosts of static files do. */
export class StaticServer implements AsyncDisposable {
  /** The address of the folder. */
  readonly address: string;
  /** The paths below that were asked for, oldest first. */
  readonly requests: string[] = [];
  /** How many bytes it has sent, without headers. */
  bytes = 0;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  /** @param hidesIndex Whether it redirects from `index.html` to its folder, as some hosts do. */
  constructor(folder: string, hidesIndex: boolean) {
    const below = "/a/project/";
    this.#server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async ({ url }) => {
      const { pathname } = new URL(url);
      this.requests.push(pathname.slice(below.length));
      const path = pathname.endsWith("/") ? `${pathname}index.html` : pathname;
      if (hidesIndex && pathname.endsWith("/index.html")) return Response.redirect(new URL(".", url), 308);
      if (!path.startsWith(below)) return new Response(null, { status: 404 });
      try {
        const bytes = await Deno.readFile(folder + path.slice(below.length - 1));
        const type = TYPES[path.split(".").at(-1)!] ?? "application/octet-stream";
        // Everybody may read it: only the policies of pages keep programs away.
        const headers = { "content-type": type, "content-encoding": "gzip", "access-control-allow-origin": "*" };
        const packed = gzipSync(bytes);
        this.bytes += packed.length;
        return new Response(packed, { headers });
      } catch {
        return new Response(null, { status: 404 });
      }
    });
    this.address = `http://127.0.0.1:${this.#server.addr.port}${below}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
