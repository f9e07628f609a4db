import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { PROGRAM_FOLDER } from "../support/service.ts";

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) => existsSync(path));

/** Why the pages cannot be looked at here; null when they can. */
export const browserAbsence: string | null =
  CHROMIUM === undefined
    ? "Chromium is not installed (Debian: apt-get install chromium)"
    : existsSync(join(PROGRAM_FOLDER, "dist/ui/index.html"))
      ? null
      : "the web pages are not built (npm run build:ui)";

/** What Playwright turns off by itself: Chromium knows only the last list that it is given. */
const OFF_BY_PLAYWRIGHT =
  "AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,LensOverlay,MediaRouter,PaintHolding,ThirdPartyStoragePartitioning,AvoidCorsURLLoaderRestartOnRedirect,TcpPortRandomizationWin,OptimizationHints,NetworkTimeServiceQuerying,AimEnabled,PreconnectToSearch";
/** Pages below the address bar, which nobody sees: loading them takes half a second of a core for each window. */
const OFF_FOR_SPEED = "WebUIOmniboxPopup,WebUIOmniboxAimPopup";

const FLAGS = [
  `--disable-features=${OFF_BY_PLAYWRIGHT},${OFF_FOR_SPEED}`,
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export interface TestBrowser {
  /** A page in a profile of its own. What the page itself complains of is in `complaints`. */
  open(options?: OpenOptions): Promise<OpenPage>;
  close(): Promise<void>;
}

export interface OpenOptions {
  readonly width?: number;
  readonly scheme?: "light" | "dark";
  readonly cookie?: { readonly url: string; readonly header: string };
}

export interface OpenPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors of scripts, and what the content policy has refused. */
  readonly complaints: readonly string[];
}

export async function startBrowser(): Promise<TestBrowser> {
  const profile = mkdtempSync(join(tmpdir(), "nightshift-chromium-"));
  const browser: Browser = await chromium.launch({
    executablePath: CHROMIUM ?? "",
    args: FLAGS,
    env: { HOME: profile, PATH: process.env["PATH"] ?? "" },
  });
  return {
    async open({ width = 1440, scheme = "light", cookie } = {}) {
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme });
      if (cookie !== undefined) {
        const [name = "", value = ""] = cookie.header.split("=");
        await context.addCookies([{ name, value, url: cookie.url }]);
      }
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on("pageerror", (error) => complaints.push(String(error)));
      page.on("console", (message) => {
        if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
          complaints.push(message.text());
      });
      return { page, context, complaints };
    },
    async close() {
      await browser.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string }[];
  }[];
}

/** What axe-core finds against WCAG 2.2 AA, as `rule: element`. */
export async function axeViolations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const { violations } = await page.evaluate<AxeResult>(
    `axe.run(document, { runOnly: { type: "tag", values: ${JSON.stringify(tags)} } })`,
  );
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`));
}

/** Waits until the page knows who looks, and so what it may offer: before, it offers too little, and nobody could tell why. */
export async function knowsWhoLooks(page: Page): Promise<void> {
  await page.locator('form[action="/logout"]').waitFor({ state: "attached" });
}

/** How many pixels the page is wider than the window. */
export function overflowOf(page: Page): Promise<number> {
  return page.evaluate<number>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
}

const SHIFTS = `new Promise((resolve) => {
  let sum = 0;
  const observer = new PerformanceObserver((list) => {
    for (const shift of list.getEntries()) if (!shift.hadRecentInput) sum += shift.value;
  });
  observer.observe({ type: "layout-shift", buffered: true });
  setTimeout(() => resolve(sum), 50);
})`;

/** How much of the page has moved while it was loaded, as Chromium counts it: up to 0.1 is good (https://web.dev/articles/cls). */
export function layoutShiftOf(page: Page): Promise<number> {
  return page.evaluate<number>(SHIFTS);
}

/**
 * Milliseconds from opening the address to its first row with this text: the best of `tries`, since what else the machine does only adds
 * to it.
 */
export async function firstRowMs(page: Page, url: string, text: string, tries: number): Promise<number> {
  let fastest = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const from = performance.now();
    await page.goto(url, { waitUntil: "commit" });
    const row = page.getByRole("row").nth(1).getByText(text).first();
    await row.waitFor({ timeout: 10_000 }).catch((error: unknown) => {
      throw new Error(`no row with ${text} at ${url}`, { cause: error });
    });
    fastest = Math.min(fastest, performance.now() - from);
  }
  return Math.round(fastest);
}
