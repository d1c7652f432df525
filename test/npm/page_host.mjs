// Opens a page in Chromium and prints what its script came to. Arguments: Chromium's path, the folder of the bundles, the name of
// the page's script, the path of the core, and the page's Content-Security-Policy. Run in a project that has playwright-core.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import process from "node:process";

const { chromium } = createRequire(`${process.cwd()}/`)("playwright-core");
const [executablePath, folder, script, core, policy] = process.argv.slice(2);

const server = createServer(({ url }, response) => {
  const send = (type, body, headers = {}) => response.writeHead(200, { "content-type": type, ...headers }).end(body);
  if (url === "/") {
    send("text/html", `<!doctype html><script type="module" src="/${script}"></script>`, {
      "content-security-policy": policy,
    });
  } else if (url === "/core.wasm") send("application/wasm", readFileSync(core));
  // A worker is bound by the policy that comes with its own script, here none.
  else if (/^\/\w+\.js$/.test(url)) send("text/javascript", readFileSync(folder + url));
  else response.writeHead(404).end();
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

const browser = await chromium.launch({
  executablePath,
  args: [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
try {
  const page = await browser.newPage();
  page.on("pageerror", (error) => console.error(error));
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  await page.waitForFunction("'finished' in globalThis", undefined, { timeout: 30_000, polling: 100 });
  console.log(JSON.stringify(await page.evaluate("globalThis.finished")));
} finally {
  await browser.close();
  server.close();
}
