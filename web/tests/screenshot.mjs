// Takes a picture of the dashboard: node screenshot.mjs URL out.png [--dark] [--der ID] [--tab NAME] [--size 1600x960] [--wait SECONDS]
import { withPage } from "./browser.mjs";

const [url, out, ...rest] = process.argv.slice(2);
if (!url || !out) {
  console.error("usage: screenshot.mjs URL out.png [--dark] [--der ID] [--tab NAME] [--size 1600x960] [--wait SECONDS]");
  process.exit(2);
}
const option = (name, fallback) => (rest.includes(name) ? rest[rest.indexOf(name) + 1] : fallback);
const [width, height] = option("--size", "1600x960").split("x").map(Number);
const der = option("--der", "");

await withPage({ viewport: { width, height }, colorScheme: rest.includes("--dark") ? "dark" : "light" }, async (page) => {
  await page.goto(url + (der ? "#" + encodeURIComponent(der) : ""));
  await page.locator("[role=row][data-id]").first().waitFor();
  const tab = option("--tab", "");
  if (tab) await page.getByRole("tab", { name: tab }).click();
  await page.waitForTimeout(1000 * Number(option("--wait", "3")));
  await page.screenshot({ path: out });
});
