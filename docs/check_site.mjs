// Opens the built site in headless Chromium: no page logs an error, and the search finds the classifier.
//
//     node docs/check_site.mjs ADDRESS [FOLDER]
//
// With FOLDER, it saves screenshots there: of a wide screen, of a phone, and in the dark.
import { createRequire } from "node:module";

const require = createRequire(`${process.env.SKLEARN_RNN_NODE_MODULES}/`);
const { chromium } = require("playwright-core");
const [address, folder] = process.argv.slice(2);

const PAGES = [
  "index",
  "install",
  "quickstart",
  "guide/index",
  "guide/network",
  "guide/comparing",
  "auto_examples/index",
  "auto_examples/explaining/plot_colored_text",
  "api/index",
  "api/generated/sklearn_rnn.RNNTextClassifier",
  "benchmarks",
  "reference_systems",
  "migrating",
  "changelog",
  "glossary",
];
const VIEWS = {
  wide: { viewport: { width: 1280, height: 900 }, colorScheme: "light" },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
  phone: { viewport: { width: 390, height: 844 }, colorScheme: "light" },
};

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
const errors = [];
for (const [view, options] of Object.entries(VIEWS)) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  let name;
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(`${view}, ${name}: ${message.text()}`);
  });
  page.on("pageerror", (error) => errors.push(`${view}, ${name}: ${error}`));
  page.on("requestfailed", (request) => errors.push(`${view}, ${name}: ${request.url()}`));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(address) && !url.startsWith("data:") && !url.startsWith("blob:"))
      errors.push(`${view}, ${name}: asks another server, ${url}`);
  });
  for (name of PAGES) {
    const response = await page.goto(`${address}/${name}.html`, { waitUntil: "networkidle" });
    if (!response.ok()) errors.push(`${view}, ${name}: status ${response.status()}`);
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    if (overflow > 0) errors.push(`${view}, ${name}: ${overflow} px wider than the screen`);
    if (folder)
      await page.screenshot({ path: `${folder}/${view}-${name.replaceAll("/", "-")}.png` });
  }
  name = "search";
  await page.goto(`${address}/search.html?q=RNNTextClassifier`, { waitUntil: "networkidle" });
  await page.waitForSelector("#search-results li a", { timeout: 20000 });
  const results = await page.$$eval("#search-results li a", (links) => links.map((a) => a.href));
  if (!results.some((url) => url.includes("sklearn_rnn.RNNTextClassifier")))
    errors.push(`${view}: the search does not find RNNTextClassifier, but ${results.slice(0, 5)}`);
  if (folder) await page.screenshot({ path: `${folder}/${view}-search.png` });
  await context.close();
}
await browser.close();
for (const error of errors) console.error(error);
process.exit(errors.length ? 1 : 0);
