// What the tests share: Debian's Chromium under playwright-core, alone and offline.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

export async function withPage(options, use) {
  const profile = mkdtempSync(join(tmpdir(), "gridward-browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    viewport: options.viewport ?? { width: 1600, height: 960 },
    colorScheme: options.colorScheme ?? "light",
    ignoreHTTPSErrors: options.ignoreHTTPSErrors ?? false,
    args: [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync",
    ],
  });
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    page.setDefaultTimeout(options.timeout ?? 20_000);
    const complaints = [];
    page.on("console", (m) => ["error", "warning"].includes(m.type()) && complaints.push(m.text()));
    page.on("pageerror", (e) => complaints.push(String(e)));
    return await use(page, complaints);
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
}
