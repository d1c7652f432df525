import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { findChromium } from "../npm/chromium.ts";
import { type Host, StaticServer } from "./server.ts";

/** Where the site was built, and where screenshots go. */
export const SITE = new URL("../../.cache/site", import.meta.url).pathname;
const SHOTS = new URL("../../.cache/site-shots/", import.meta.url).pathname;

/** Ends tests that hang, but not those that are slow on a busy machine, in milliseconds. */
const TIMEOUT = 300_000;

/** A page, and what it complained of. */
export interface Visit extends AsyncDisposable {
  readonly page: Page;
  /** Errors and warnings of the console, errors that nobody caught, and requests that failed. */
  readonly complaints: string[];
}

/** Chromium, and a server that has the site. */
export class Site implements AsyncDisposable {
  readonly #server: StaticServer;
  readonly #browser: Browser;

  private constructor(browser: Browser, host: Host) {
    this.#browser = browser;
    this.#server = new StaticServer(SITE, host);
  }

  static async open(host: Host = {}): Promise<Site> {
    const executablePath = await findChromium();
    if (typeof executablePath !== "string") throw executablePath;
    const args = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"];
    return new Site(await chromium.launch({ executablePath, args }), host);
  }

  /** The address of a page of the site. */
  addressOf(path: string): string {
    return this.#server.address + path;
  }

  /** The paths that the server was asked for, oldest first. */
  get requests(): readonly string[] {
    return this.#server.requests;
  }

  /** Changes a file on the server. */
  async change(path: string, change: (text: string) => string): Promise<void> {
    this.#server.changed.set(path, change(await Deno.readTextFile(`${SITE}/${path}`)));
  }

  /** Has the server not answer for a file until what it returns is disposed of. */
  hold(path: string): Disposable {
    return this.#server.hold(path);
  }

  /** How many bytes the server has sent. */
  get bytes(): number {
    return this.#server.bytes;
  }

  /** Opens a page of the site, in a new profile. */
  async visit(path: string, options: BrowserContextOptions = {}): Promise<Visit> {
    const context = await this.#browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    context.setDefaultTimeout(TIMEOUT);
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("requestfailed", (request) => {
      const reason = request.failure()?.errorText;
      // A page that is left, and a worker that is ended, abort what they still load.
      if (reason !== "net::ERR_ABORTED") complaints.push(`${request.url()}: ${reason}`);
    });
    page.on("response", (response) => {
      if (response.status() >= 400) complaints.push(`${response.url()}: ${response.status()}`);
    });
    await page.goto(this.addressOf(path));
    return { page, complaints, [Symbol.asyncDispose]: () => context.close() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    await this.#server[Symbol.asyncDispose]();
  }
}

/**
 * Evaluates an expression in a page, and waits for what it promises.
 *
 * @param timeout How long the page may take, in milliseconds. Playwright itself waits for ever.
 */
export async function evaluate<Result>(page: Page, expression: string, timeout: number = TIMEOUT): Promise<Result> {
  const late = Promise.withResolvers<never>();
  const message = `Cannot evaluate ${expression.slice(0, 80)}: the page has not answered for ${timeout} ms`;
  const timer = setTimeout(() => late.reject(new Error(message)), timeout);
  try {
    return await Promise.race([page.evaluate<Result>(expression), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Keeps a screenshot of the beginning of a page, for somebody to look at. */
export async function keepShot(page: Page, name: string, colorScheme: "light" | "dark", width = 1280): Promise<void> {
  await page.setViewportSize({ width, height: 2000 });
  await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
  await page.screenshot({ path: `${SHOTS}${name}.png` });
}
