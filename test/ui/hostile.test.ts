// What alerts, hosts and people write is shown as text on every page: it runs nothing, hides nothing, and keeps to its place.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cookieOf } from "../http/login/login-fixture.ts";
import { browserAbsence, overflowOf, startBrowser, type TestBrowser } from "./browser.ts";
import { startHurtful } from "./hostile-corpus.ts";

/** What would act on the text around it, had it come through. Lines and tabs are text. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const ACTS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

const LOOK_FOR_HARM = `({
  hurt: globalThis.hurt ?? null,
  links: [...document.querySelectorAll("a")].map((link) => link.href).filter((href) => !/^https?:/.test(href)),
  strange: document.querySelectorAll("main iframe, main script, main style:not([data-mantine-styles]), main img[src=x], main b, main [onerror], main [onmouseover]").length,
  text: document.body.innerText,
})`;

interface Harm {
  readonly hurt: unknown;
  readonly links: readonly string[];
  readonly strange: number;
  readonly text: string;
}

describe.skipIf(browserAbsence !== null)("hostile texts", () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await startBrowser();
  }, 60_000);
  afterAll(() => browser.close());

  test("run nothing, hide nothing and break no layout, on every page, wide and narrow", async () => {
    const { service, paths } = await startHurtful();
    const cookie = { url: service.app.url, header: await cookieOf(service, "olga") };
    const found: string[] = [];
    let images = 0;
    for (const width of [1440, 360]) {
      const { page, context, complaints } = await browser.open({ width, cookie });
      page.on("dialog", (dialog) => {
        found.push(`a dialog: ${dialog.message()}`);
        void dialog.dismiss();
      });
      for (const path of paths) {
        await page.goto(`${service.app.url}${path}`);
        await page.locator("h1").waitFor();
        await page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });
        const harm = await page.evaluate<Harm>(LOOK_FOR_HARM);
        const problems = [
          harm.hurt === null ? "" : "something was run",
          ...harm.links.map((href) => `leads to ${href}`),
          harm.strange === 0 ? "" : `${harm.strange} elements of others`,
          ACTS.test(harm.text) ? `an unseen character after ${beforeUnseen(harm.text)}` : "",
        ];
        const overflow = await overflowOf(page);
        if (overflow > 0) problems.push(`${overflow} pixels too wide`);
        for (const problem of problems) if (problem !== "") found.push(`${width} ${path}: ${problem}`);
        if (harm.text.includes("<img src=x")) images += 1;
      }
      expect(complaints).toEqual([]);
      await context.close();
    }
    console.log(`hostile pages=${paths.length * 2} showing_markup_as_text=${images} found=${found.length}`);
    expect(found).toEqual([]);
    // The texts were there at all.
    expect(images).toBeGreaterThan(10);
  }, 240_000);
});

function beforeUnseen(text: string): string {
  const at = text.search(ACTS);
  return JSON.stringify(text.slice(Math.max(0, at - 40), at + 10));
}
