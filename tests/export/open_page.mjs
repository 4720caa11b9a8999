// Program that opens the page in headless Chromium:
//
//     node open_page.mjs NODE_MODULES CHROMIUM PROFILE < JSON > JSON
//
// NODE_MODULES has playwright-core, and PROFILE is an empty folder. It takes {url, texts, typed,
// screenshots}: texts that the page classifies, a text that is typed, and for each screenshot its
// path, width and color scheme. It prints {status, probabilities, bars, errors}.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [modules, executablePath, profile] = process.argv.slice(2);
const { chromium } = createRequire(`${modules}/`)("playwright-core");
const { url, texts, typed, screenshots } = JSON.parse(readFileSync(0, "utf-8"));

const context = await chromium.launchPersistentContext(profile, {
  executablePath,
  headless: true,
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
  ],
});
const page = await context.newPage();
const errors = [];
page.on("pageerror", (error) => errors.push(error.message));
await page.goto(url);
const status = page.locator("#status");
await status.filter({ hasNotText: "Loading" }).waitFor();
const result = { status: await status.textContent(), errors };
if (await page.locator("#status.error").count() === 0) {
  result.probabilities = await page.evaluate(async (all) => {
    const rows = [];
    for (const text of all) rows.push(await globalThis.classify(text));
    return rows;
  }, texts);
  await page.locator("#text").pressSequentially(typed);
  await status.filter({ hasText: "Classified in" }).waitFor();
  await page.waitForTimeout(500);
  result.bars = await page.locator("#classes li").evaluateAll((items) => items.map((item) => ({
    label: item.querySelector(".label").textContent,
    percent: item.querySelector(".percent").textContent,
    width: item.querySelector(".bar").style.width,
    isBest: item.classList.contains("best"),
  })));
}
for (const { path, width, colorScheme } of screenshots) {
  await page.setViewportSize({ width, height: 700 });
  await page.emulateMedia({ colorScheme });
  await page.screenshot({ path });
}
await context.close();
process.stdout.write(JSON.stringify(result));
