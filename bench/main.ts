import type { BenchResult, Suite } from "./suite.ts";

/** Each suite may take this long; with few samples its figures are only less exact. */
const SUITE_BUDGET_MS = 60_000;

/** A new suite is one line here. Imported when asked for, so that one does not pay for the other's packages. */
const SUITES: Readonly<Record<string, () => Promise<Suite>>> = {
  bundle: async () => (await import("./bundle.ts")).bundleSuite,
  collect: async () => (await import("./collect.ts")).collectSuite,
  intake: async () => (await import("./intake.ts")).intakeSuite,
  match: async () => (await import("./match.ts")).matchSuite,
  ssh: async () => (await import("./ssh.ts")).sshSuite,
};

process.exitCode = await main(process.argv.slice(2));

async function main(names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => !Object.hasOwn(SUITES, name));
  if (unknown.length > 0) {
    console.error(`unknown suite: ${unknown.join(", ")}; there are: ${Object.keys(SUITES).join(", ")}`);
    return 2;
  }
  const results: BenchResult[] = [];
  for (const [name, load] of Object.entries(SUITES)) {
    if (names.length > 0 && !names.includes(name)) continue;
    const suite = await load();
    results.push(...(await suite.run(SUITE_BUDGET_MS)));
  }
  console.log(formatTable(results));
  for (const { isOk, ...result } of results) console.log(JSON.stringify({ ...result, ok: isOk }));
  return results.every((result) => result.isOk) ? 0 : 1;
}

function formatTable(results: readonly BenchResult[]): string {
  const head = ["id", "what", "measured", "reference", "ratio", "goal", "ok"];
  const rows = results.map((result) => [
    result.id,
    result.what + (result.note === undefined ? "" : ` (${result.note})`),
    formatFigure(result.measured, result.unit),
    formatFigure(result.reference, result.unit),
    result.ratio === null ? "absent" : result.ratio.toFixed(2),
    result.goal,
    result.isOk ? "ok" : "NOT MET",
  ]);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function formatFigure(value: number | null, unit: string): string {
  return value === null ? "absent" : `${value >= 100 ? Math.round(value) : value.toFixed(2)} ${unit}`;
}
