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
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu"],
  });
  try {
    for (const scheme of ["light", "dark"] as const) {
      const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: scheme });
      for (const [name, path] of [
        ["run", run.pathname],
        ["alerts", "/alerts"],
        ["runbook", "/runbooks/restart-shop"],
      ] as const) {
        await page.goto(new URL(path, run).href);
        await page.locator("h1").waitFor();
        await page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });
        await page.screenshot({ path: join(images, `${name}-${scheme}.png`) });
      }
      await page.close();
    }
  } finally {
    await browser.close();
  }
}
