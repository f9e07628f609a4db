// `collect` against real files and processes of this machine.
import { appendFileSync } from "node:fs";
import { link, symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Executor, ExecutorError } from "../../src/executors/executor.ts";
import type { CollectSpec } from "../../src/runbooks/verbs/collect.ts";
import { commandsOf } from "../../src/steps/collect-output.ts";
import { LOCAL, stepBench } from "./step-fixture.ts";

function collect(changes: Partial<CollectSpec>) {
  const spec: CollectSpec = {
    paths: [],
    journal: null,
    commands: [],
    sinceMs: null,
    fileBytesMax: 1024 * 1024,
    hostBytesMax: 10 * 1024 * 1024,
    filesMax: 100,
    onTooBig: "tail",
    isSensitive: false,
    ...changes,
  };
  return { verb: "collect", spec } as const;
}

describe("collect", () => {
  test("keeps files under their host and path, and counts them", async () => {
    const bench = await stepBench();
    const app = await bench.put("app.log", "one\n");
    const binary = await bench.put("core.bin", Buffer.from([1, 0, 2]));
    const result = await bench.attempt(collect({ paths: [`${bench.folder}/*`] }));
    expect(result).toMatchObject({ status: "succeeded", value: 2, json: { files: 2, bytes: 7 } });
    expect(await bench.read(`files/local${app}`)).toBe("one\n");
    expect(bench.evidence.get(`files/local${app}`)).toEqual({
      contentType: "text/plain",
      host: "local",
      isTruncated: false,
      isChanged: false,
      isSensitive: false,
    });
    expect(bench.evidence.get(`files/local${binary}`)?.contentType).toBe("application/octet-stream");
    expect(bench.problems).toEqual([]);
  });

  test("keeps the end of a file that is too big, and says so", async () => {
    const bench = await stepBench();
    const log = await bench.put("big.log", `${"x".repeat(5_000)}the end`);
    await bench.attempt(collect({ paths: [log], fileBytesMax: 7 }));
    expect(await bench.read(`files/local${log}`)).toBe("the end");
    expect(bench.evidence.get(`files/local${log}`)?.isTruncated).toBe(true);
  });

  test("a file that grows while it is read is marked, each of many", async () => {
    const bench = await stepBench();
    const files = 120;
    for (let index = 0; index < files; index += 1) await bench.put(`${index}.log`, "x".repeat(1_000));
    const local = bench.dependencies.executorFor(LOCAL);
    const growing: Executor = {
      ...local,
      collect: (host, request, options) =>
        local.collect(host, request, {
          ...options,
          onFile: async (file) => {
            appendFileSync(file.path, "more");
            await options.onFile(file);
          },
        }),
    };
    const other = await stepBench({ executorFor: () => growing });
    await other.attempt(collect({ paths: [`${bench.folder}/*.log`], filesMax: files }));
    expect([...other.evidence.values()].filter(({ isChanged }) => isChanged)).toHaveLength(files);
    expect(other.problems[0]?.path).toContain(".log");
    expect(other.problems.at(-1)?.message).toBe("20 more paths like these");
  });

  test("gathers nothing through links that lead out", async () => {
    const bench = await stepBench();
    const outside = join(bench.folder, "..", "secret");
    await bench.put("../secret", "secret");
    await symlink(outside, join(bench.folder, "symlink.log"));
    await link(outside, join(bench.folder, "hardlink.log"));
    const result = await bench.attempt(collect({ paths: [`${bench.folder}/*.log`] }));
    expect(result).toMatchObject({ status: "succeeded", value: 0 });
    expect(bench.evidence.size).toBe(0);
    expect(bench.problems.length).toBeGreaterThanOrEqual(2);
  });

  test("keeps what commands print, and records those that fail", async () => {
    const bench = await stepBench();
    const commands: CollectSpec["commands"] = [
      ["echo", "hello", "a/b"],
      ["sh", "-c", "echo partly; echo broken >&2; exit 3"],
      ["true"],
      ["no-such-program"],
    ];
    const result = await bench.attempt(collect({ commands }));
    expect(result).toMatchObject({ status: "succeeded", value: 2 });
    expect(await bench.read("files/local/commands/01-echo-hello-a-b.txt")).toBe("hello a/b\n");
    expect(bench.problems).toMatchObject([
      { path: "sh -c echo partly; echo broken >&2; exit 3", message: "exited with 3: broken" },
      { path: "true", message: "gave no output" },
      { path: "no-such-program" },
    ]);
  });

  test("a command that fails to start does not keep the others from being asked", async () => {
    const bench = await stepBench();
    const result = await bench.attempt(collect({ commands: [["no-such-program"], ["echo", "still here"]] }));
    expect(result).toMatchObject({ status: "succeeded", value: 1 });
  });

  test("cuts a flood of output at the step's limit", async () => {
    const bench = await stepBench();
    const result = await bench.attempt(
      collect({ commands: [["sh", "-c", "yes | head -c 5000000"]], fileBytesMax: 10_000 }),
    );
    expect(result).toMatchObject({ status: "succeeded", json: { files: 1, bytes: 10_000 } });
    expect([...bench.evidence.values()]).toMatchObject([{ isTruncated: true }]);
    expect(bench.problems[0]?.message).toBe("cut after 10000 bytes, 4990000 more did not fit");
  });

  test("what was gathered before the time ran out is kept", async () => {
    const bench = await stepBench();
    const log = await bench.put("app.log", "kept\n");
    const result = await bench.attempt(
      collect({
        paths: [log],
        commands: [
          ["sleep", "60"],
          ["echo", "never"],
        ],
      }),
      { context: { timeoutMs: 500 } },
    );
    expect(result).toMatchObject({ status: "succeeded", value: 1 });
    expect(bench.problems.map(({ message }) => message)).toEqual([
      "did not finish: timed out",
      "not everything was gathered: took longer than 500ms",
    ]);
  });

  test.each([
    [false, "succeeded"],
    [true, "failed"],
  ] as const)("nothing at all: critical %s ends %s", async (isCritical, status) => {
    const bench = await stepBench();
    const result = await bench.attempt(collect({ paths: [`${bench.folder}/none*`] }), {
      step: { isCritical },
    });
    expect(result.status).toBe(status);
    expect(bench.problems.map(({ message }) => message)).toContain("nothing was gathered");
  });

  test("a host that cannot be reached fails the step, and provably nothing began", async () => {
    const unreachable = {
      collect: () =>
        Promise.reject(new ExecutorError("host-unreachable", "web-1 is away", { isRetryable: true })),
    } as unknown as Executor;
    const bench = await stepBench({ executorFor: () => unreachable });
    const result = await bench.attempt(collect({ paths: ["/var/log/x"] }));
    expect(result).toMatchObject({ status: "failed", didNotStart: true, message: "web-1 is away" });
    expect(bench.problems).toEqual([{ path: "local", message: "web-1 is away" }]);
  });
});

test("a journal is asked for its newest lines, its unit as one argument", () => {
  const { spec } = collect({ journal: { unit: "--help; id", sinceMs: 1_800_000 }, fileBytesMax: 50_000 });
  expect(commandsOf(spec, 50_000, Date.parse("2026-11-23T03:30:00Z"))).toEqual([
    {
      path: "journal/--help; id.log",
      title: "journal of --help; id",
      argv: [
        "journalctl",
        "--unit=--help; id",
        "--since=@1795402800",
        "--lines=500",
        "--no-pager",
        "--quiet",
        "--utc",
        "--output=short-iso",
      ],
      keeps: "tail",
    },
  ]);
});
