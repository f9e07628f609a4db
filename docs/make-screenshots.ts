// Writes docs/images/*.png from the demo: `npm run screenshots`. Needs Chromium (Debian: apt-get install chromium).
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("..", import.meta.url));
const images = join(root, "docs/images");
const DEMO_MS_MAX = 120_000;
const WINDOW = { viewport: { width: 1280, height: 800 } };

const demo = spawn(process.execPath, ["src/main.ts", "demo"], {
  cwd: root,
  stdio: ["ignore", "pipe", "inherit"],
});
try {
  const run = await runOfDemo();
  await takePictures(new URL(run));
} finally {
  demo.kill("SIGTERM");
  await once(demo, "exit");
}

/** The address of the demo's run, once it is over. */
async function runOfDemo(): Promise<string> {
  const timer = setTimeout(() => demo.kill("SIGKILL"), DEMO_MS_MAX);
  try {
    for await (const line of createInterface({ input: demo.stdout })) {
      const url = /^Run: +(\S+)/.exec(line)?.[1];
      if (url !== undefined) return url;
    }
    throw new Error("the demo ended before its run did");
  } finally {
    clearTimeout(timer);
  }
}

async function takePictures(run: URL): Promise<void> {
  mkdirSync(images, { recursive: true });
  const [alert] = await alertsOfDemo(run);
  const pages = [
    ["now", "/"],
    ["alert", `/alerts/${alert?.id ?? ""}`],
    ["run", run.pathname],
    ["log", `${run.pathname}?step=restart`],
    ["runbook", "/runbooks/restart-shop"],
    ["explain", `/explain?text=${encodeURIComponent('alertname="ShopSlow", service="shop"')}`],
  ] as const;
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu"],
  });
  try {
    for (const scheme of ["light", "dark"] as const) {
      // A clock that is not UTC: the pages show both.
      const page = await browser.newPage({ ...WINDOW, colorScheme: scheme, timezoneId: "Europe/Berlin" });
      for (const [name, path] of pages) {
        await page.goto(new URL(path, run).href);
        await page.locator("h1").waitFor();
        await page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });
        await page.waitForLoadState("networkidle").catch(() => {});
        await page.screenshot({ path: join(images, `${name}-${scheme}.png`) });
      }
      await page.close();
    }
  } finally {
    await browser.close();
  }
}

async function alertsOfDemo(run: URL): Promise<readonly { readonly id: string }[]> {
  const response = await fetch(new URL("/api/v1/alerts", run));
  return ((await response.json()) as { readonly items: readonly { readonly id: string }[] }).items;
}
