// Opens the built site in headless Chromium:
//
//     node check_site.mjs NODE_MODULES CHROMIUM SITE [SCREENSHOTS]
//
// NODE_MODULES has playwright-core. On a wide screen, in the dark and on a phone: no page logs an error, asks another
// server or is wider than the screen, and the search finds the classifier. SCREENSHOTS is a folder for a picture of
// each page.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { extname, join } from "node:path";

const [modules, executablePath, site, screenshots] = process.argv.slice(2);
const { chromium } = createRequire(`${modules}/`)("playwright-core");

const PAGES = [
  "index",
  "quickstart",
  "guide/network",
  "auto_examples/index",
  "auto_examples/explaining/plot_colored_text",
  "api/index",
  "api/generated/sklearn_rnn.RNNTextClassifier",
  "benchmarks",
  "migrating",
];
const VIEWS = {
  wide: { viewport: { width: 1280, height: 900 }, colorScheme: "light" },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
  phone: { viewport: { width: 390, height: 844 }, colorScheme: "light" },
};
const TYPES = { ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml" };

const server = createServer(async (request, response) => {
  const path = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
  try {
    const content = await readFile(join(site, path));
    response.setHeader("Content-Type", TYPES[extname(path)] ?? "application/octet-stream");
    response.end(content);
  } catch {
    response.writeHead(path === "/favicon.ico" ? 204 : 404).end();
  }
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const address = `http://127.0.0.1:${server.address().port}`;

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
const errors = [];
for (const [view, options] of Object.entries(VIEWS)) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(120000);
  const page = await context.newPage();
  let name;
  const report = (error) => errors.push(`${view}, ${name}: ${error}`);
  page.on("console", (message) => message.type() === "error" && report(message.text()));
  page.on("pageerror", (error) => report(error.message));
  page.on("response", (response) => response.status() >= 400 && report(`${response.status()} ${response.url()}`));
  page.on("request", (request) => {
    const isLocal = [address, "data:", "blob:"].some((start) => request.url().startsWith(start));
    if (!isLocal) report(`asks another server, ${request.url()}`);
  });
  for (name of PAGES) {
    await page.goto(`${address}/${name}.html`);
    const excess = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (excess > 0) report(`${excess} px wider than the screen`);
    const path = join(screenshots ?? "", `${view}-${name.replaceAll("/", "-")}.png`);
    if (screenshots) await page.screenshot({ path });
  }
  name = "search";
  await page.goto(`${address}/search.html?q=RNNTextClassifier`);
  const links = page.locator("#search-results li a");
  await links.first().waitFor();
  const found = await links.evaluateAll((all) => all.map((link) => link.href));
  if (!found.some((url) => url.includes("sklearn_rnn.RNNTextClassifier"))) report(`found only ${found}`);
  if (screenshots) await page.screenshot({ path: join(screenshots, `${view}-search.png`) });
  await context.close();
}
await browser.close();
server.close();
for (const error of errors) console.error(error);
process.exitCode = errors.length ? 1 : 0;
