import type { Locator, Page } from "playwright-core";
import { waitFor } from "../support/wait.ts";

// What a test sees of the log on a page.

/** The lines of a log. */
export const logOf = (page: Page, name = "stdout of talk"): Locator => page.getByRole("log", { name });
export const lastLine = (page: Page) =>
  page.evaluate<string>('[...document.querySelectorAll("[data-line]")].at(-1)?.lastChild.textContent ?? ""');
const IN_VIEW = `(() => {
  const box = document.querySelector("[role=log]");
  const { top } = box.getBoundingClientRect();
  const rows = [...box.querySelectorAll("[data-line]")].filter((row) => {
    const { top: from, bottom: to } = row.getBoundingClientRect();
    return from > top - 1 && to < top + box.clientHeight + 1;
  });
  if (rows.some((row) => row.querySelector("[data-loading]") !== null)) return null;
  return rows.map((row) => [Number(row.dataset.line), row.lastChild.textContent]);
})()`;
/** The numbers and the texts of the lines that are in view as a whole, once all of them are loaded. */
export const inView = (page: Page) =>
  waitFor("the lines in view", () => page.evaluate<[number, string][] | null>(IN_VIEW));

/** Where on the page each line begins that is drawn and there: one that is loaded later becomes higher. */
export const rowTops = (page: Page) =>
  page.evaluate<[number, number][]>(
    '[...document.querySelectorAll("[data-line]:not(:has([data-loading]))")].map((row) => [Number(row.dataset.line), row.getBoundingClientRect().top])',
  );
