// Drives the dashboard over simulated DERs that misbehave: node dashboard.mjs URL [--many]. Exits with 1 and says what a
// user would have missed.
import { strict as assert } from "node:assert";
import { withPage } from "./browser.mjs";

const url = process.argv[2];
const many = process.argv.includes("--many");
const lost = process.argv.includes("--lost");

const row = (page, name) => page.locator("[role=row][data-id]").filter({ hasText: name }).first();
const kW = (text) => Number(text.replace("\u2212", "-").replace(/[^0-9.-]/g, ""));

async function send(page, quantity, value) {
  await page.getByRole("radio", { name: quantity }).check();
  await page.getByTestId("entry").fill(String(value));
  await page.getByTestId("send").click();
}

async function eventually(what, get, ok, ms = 20_000) {
  const end = Date.now() + ms;
  let last;
  do {
    last = await get();
    if (ok(last)) return last;
    await new Promise((r) => setTimeout(r, 100));
  } while (Date.now() < end);
  assert.fail(`${what}: ${last}`);
}

async function fleetShowsConditions(page) {
  for (const [name, word] of [["Solar roof 1", "Online"], ["Cold store 1", "Questionable"], ["Battery 2", "Alarm"], ["Cold store 2", "Failed"], ["Charge point 2", "Offline"]]) {
    await eventually(`condition of ${name}`, () => row(page, name).innerText(), (t) => t.includes(word));
  }
  await eventually("abnormal DERs", () => page.getByTestId("abnormal").innerText(), (t) => t.trim() === "4");
  await page.getByTestId("abnormal").click();
  await eventually("rows when only the abnormal are shown", () => page.locator("[role=row][data-id]").count(), (n) => n === 4);
  await page.getByTestId("abnormal").click();
}

async function setpointIsObeyed(page) {
  await row(page, "Battery 1").click();
  await send(page, "Set-point", -40);
  assert.equal(await page.getByTestId("confirm").innerText(), "Confirm set-point \u221240.0 kW");
  await page.getByTestId("confirm").click();
  await page.getByTestId("progress").getByText("Confirmed by DER").waitFor();
  await page.getByTestId("progress").getByText("Power follows").waitFor();
  await eventually("power", async () => kW(await page.getByTestId("power").innerText()), (w) => Math.abs(w + 40) < 2.5);
  assert.match(await page.getByTestId("setpoint").innerText(), /^\u221240\.0/);
  await send(page, "Limit", "10");
  await page.getByTestId("confirm").click();
  await eventually("limited power", async () => kW(await page.getByTestId("power").innerText()), (w) => Math.abs(w + 10) < 2.5);
  await page.locator("tbody").getByText("terminated").nth(1).waitFor();
}

async function refusalSaysWhy(page) {
  await row(page, "Charge point 1").click();
  await send(page, "Set-point", -5);
  await page.getByTestId("confirm").click();
  assert.match(await page.getByTestId("refusal").innerText(), /Refused by the DER: blocked by mode/);
}

async function wrongEntriesAreRefused(page) {
  await row(page, "Solar roof 1").click();
  for (const [value, message] of [["abc", /Enter a number/], ["", /Enter a number/], ["51", /Outside 0\.0 to 50\.0 kW/], ["-1", /Outside/], ["1e9", /Outside/]]) {
    await send(page, "Set-point", value);
    assert.match(await page.getByTestId("progress").innerText(), message, `entry ${JSON.stringify(value)}`);
    assert.equal(await page.getByTestId("confirm").count(), 0);
  }
  await row(page, "Cold store 1").click();
  assert.equal(await page.getByRole("radio", { name: "Set-point" }).isDisabled(), true, "a load takes no set-point");
  await row(page, "Charge point 2").click();
  assert.match(await page.getByTestId("progress").innerText(), /No commands: the DER is offline/);
}

async function keyboardDoesIt(page) {
  await page.keyboard.press("Escape");
  await page.locator("body").press("/");
  await page.keyboard.type("solar 2");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Home");
  await page.keyboard.press("Enter");
  await page.keyboard.type("12.5");
  await page.keyboard.press("Enter");
  await page.getByTestId("confirm").waitFor();
  await page.keyboard.press("Enter");
  await page.getByTestId("progress").getByText("Power follows").waitFor();
  const dark = () => page.evaluate(() => document.documentElement.dataset.theme);
  const before = await dark();
  await page.keyboard.press("Escape");
  await page.keyboard.press("t");
  assert.notEqual(await dark(), before);
  await page.locator("body").press("/");
  await page.keyboard.press("Control+A");
  await page.keyboard.press("Delete");
}

async function tabsShowTheRest(page) {
  await row(page, "Battery 1").click();
  await page.getByRole("tab", { name: "Measurements" }).click();
  await page.getByText("MMXU1.TotW").waitFor();
  await page.getByText("DSTO1.SocUsePct").waitFor();
  await page.getByRole("tab", { name: "Association" }).click();
  await page.getByText("DERLD0/LLN0.brcbEV01[BR]").waitFor();
  await page.getByRole("button", { name: /^Hold/ }).click();
  await page.getByTestId("condition").getByText("Held").waitFor();
  await page.getByRole("button", { name: /^Release/ }).click();
  await page.getByTestId("condition").getByText("Online").waitFor();
  await page.getByRole("tab", { name: "Model" }).click();
  await page.getByText("DERLD0", { exact: true }).waitFor();
  await page.locator("summary", { hasText: "MMXU1" }).click();
  await page.locator("summary", { hasText: "TotW" }).waitFor();
  await page.getByRole("tab", { name: "Commands" }).click();
}

async function chartIsDrawn(page) {
  const drawn = await page.evaluate(() =>
    [...document.querySelectorAll("canvas")].map((c) => {
      const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
      let n = 0;
      for (let i = 3; i < d.length; i += 4) if (d[i] > 0) n++;
      return n;
    }),
  );
  assert.equal(drawn.length, 2, "charts");
  for (const n of drawn) assert.ok(n > 1000, `a chart has only ${n} pixels`);
}

// A fleet of a thousand: few rows exist, and the page stays quick.
async function manyStayQuick(page) {
  await eventually("DERs online", () => page.getByTestId("online").innerText(), (t) => parseInt(t) >= 1000, 60_000);
  const rows = await page.locator("[role=row][data-id]").count();
  assert.ok(rows > 10 && rows < 80, `${rows} rows exist`);
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Performance.enable");
  const busy = async () => (await cdp.send("Performance.getMetrics")).metrics.find((m) => m.name === "TaskDuration").value;
  const start = await busy();
  const from = Date.now();
  await page.waitForTimeout(5000);
  const share = (await busy() - start) / ((Date.now() - from) / 1000);
  console.log(`1000 DERs: main thread busy ${(100 * share).toFixed(0)} %, ${rows} rows`);
  assert.ok(share < 0.7, `the main thread is busy ${(100 * share).toFixed(0)} % of the time`);
  await page.locator("[role=grid]").focus();
  await page.keyboard.press("End");
  await row(page, "Solar roof 250").waitFor();
  await page.locator("body").press("/");
  await page.keyboard.type("battery 123");
  await eventually("rows found", () => page.locator("[role=row][data-id]").count(), (n) => n === 1);
}

// The centre goes away: an operator must not take old values for new ones.
async function lossIsShown(page) {
  console.log("ready"); // whoever started us stops the centre now
  await page.getByRole("alert").getByText("No connection to the centre").waitFor();
}

await withPage({}, async (page, complaints) => {
  await page.goto(url);
  await page.locator("[role=row][data-id]").first().waitFor();
  const steps = many
    ? [manyStayQuick]
    : lost
    ? [lossIsShown]
    : [fleetShowsConditions, setpointIsObeyed, refusalSaysWhy, wrongEntriesAreRefused, keyboardDoesIt, tabsShowTheRest, chartIsDrawn];
  for (const step of steps) {
    try {
      await step(page);
    } catch (e) {
      if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
      e.message = `${step.name}: ${e.message}`;
      throw e;
    }
    console.log("ok", step.name);
  }
  if (!lost) assert.deepEqual(complaints, [], "complaints of the browser");
});
