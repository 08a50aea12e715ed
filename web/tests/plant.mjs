// Drives the dashboard of a real plant, the demo's: node plant.mjs URL [out.png]. A set-point is given to a battery and
// a limit to a photovoltaic plant, and both are seen to be obeyed. Exits with 1 and says what a user would have missed.
import { strict as assert } from "node:assert";
import { withPage } from "./browser.mjs";

const [url, picture] = process.argv.slice(2);
const kW = (text) => Number(text.replace("\u2212", "-").replace(/[^0-9.-]/g, ""));

async function command(page, name, quantity, value, obeyed) {
  await page.locator("[role=row][data-id]").filter({ hasText: name }).first().click();
  await page.getByRole("radio", { name: quantity }).check();
  await page.getByTestId("entry").fill(String(value));
  await page.getByTestId("send").click();
  await page.getByTestId("confirm").click();
  await page.getByTestId("progress").getByText("Confirmed by DER").waitFor();
  const end = Date.now() + 20_000;
  let power;
  do {
    power = kW(await page.getByTestId("power").innerText());
    if (obeyed(power)) return;
    await page.waitForTimeout(100);
  } while (Date.now() < end);
  assert.fail(`${name}: ${quantity} ${value} kW was confirmed, but the power shown is ${power} kW`);
}

await withPage({ viewport: { width: 1440, height: 640 } }, async (page, complaints) => {
  await page.goto(url);
  await page.locator("[role=row][data-id]").nth(7).waitFor();
  assert.match(await page.getByTestId("online").innerText(), /8\s*of\s*8/);
  await command(page, "bat1", "Set-point", -3, (w) => Math.abs(w + 3) < 0.06);
  await command(page, "pv1", "Limit", 1, (w) => w > 0.5 && w <= 1.01);
  if (picture) {
    await page.waitForTimeout(4000);
    await command(page, "pv1", "Limit", 8, (w) => w > 1.5);
    await page.waitForTimeout(9000);
    await command(page, "pv1", "Limit", 5, (w) => w <= 5.01);
    await page.waitForTimeout(6000);
    await page.screenshot({ path: picture });
  }
  assert.deepEqual(complaints, []);
});
