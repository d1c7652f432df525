// Opens a page in Chromium and prints, as JSON, the global `finished` that its script sets, or else the text that it
// writes. Arguments: the path of Chromium, the folder of the bundles, the name of the page's script, the path of the
// core, and the page's Content-Security-Policy. Run it in a project with playwright-core.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

const { chromium } = createRequire(`${process.cwd()}/`)("playwright-core");
const [executablePath, folder, script, core, policy] = process.argv.slice(2);

const server = createServer(({ url }, response) => {
  const send = (type, body, headers = {}) => response.writeHead(200, { "content-type": type, ...headers }).end(body);
  if (url === "/") {
    send("text/html", `<!doctype html><script type="module" src="/${script}"></script>`, {
      "content-security-policy": policy,
    });
  } else if (url === "/core.wasm") send("application/wasm", readFileSync(core));
  // The policy of a worker comes with its own script: here none.
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
  const end = Date.now() + 30_000;
  // page.waitForFunction() calls eval() in the page, which a strict policy forbids.
  while (!(await page.evaluate("'finished' in globalThis || document.body.textContent !== ''"))) {
    if (Date.now() > end) throw new Error("the page did not finish within 30 s");
    await sleep(100);
  }
  console.log(JSON.stringify(await page.evaluate("globalThis.finished ?? document.body.textContent")));
} finally {
  await browser.close();
  server.close();
}
