import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// The service is started as a process of its own hundreds of times, and each test file is one: what Node has compiled once is kept.
process.env["NODE_COMPILE_CACHE"] ??= fileURLToPath(
  new URL("node_modules/.cache/node-compile", import.meta.url),
);

/** What measures how long something takes, or how much memory: as little as possible runs beside it. */
const MEASURED = [
  "test/catalog/scale.test.ts",
  "test/executors/{collect,collect-safety,globs,limits,local,ssh-line}.test.ts",
  "test/expressions/{cel,re2}.test.ts",
  "test/http/{bad-input,load}.test.ts",
  "test/intervals/interval.test.ts",
  "test/redaction/{built-in,clean-lines}.test.ts",
  "test/reliability/leftovers.test.ts",
  "test/runbooks/inputs.test.ts",
  "test/ui/{large-log,long-alerts,long-lists}.test.ts",
];
const ALL = "test/**/*.test.ts";

export default defineConfig({
  test: {
    pool: "forks",
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: { name: "measured", include: MEASURED, maxWorkers: 2, sequence: { groupOrder: 0 } },
      },
      {
        // On two cores three at once: each of them often waits for a process, a page or a clock.
        extends: true,
        test: {
          name: "other",
          include: [ALL],
          exclude: MEASURED,
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
