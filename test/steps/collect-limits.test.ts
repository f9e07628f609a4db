// How much `collect` keeps of files, of the journal and of a run, and which end of it.
import { utimes } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import type { CollectSpec } from "../../src/runbooks/verbs/collect.ts";
import { stepBench } from "./step-fixture.ts";

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

describe("limits", () => {
  test("one file, then all files of the host: what comes last has less room", async () => {
    const bench = await stepBench();
    for (const name of ["1.log", "2.log", "3.log", "4.log"]) await bench.put(name, `${name}-0123456789`);
    const result = await bench.attempt(
      collect({ paths: [`${bench.folder}/*`], fileBytesMax: 10, hostBytesMax: 25 }),
    );
    expect(result).toMatchObject({ value: 3, json: { files: 3, bytes: 25 } });
    const kept = [...bench.evidence].map(([path, facts]) => [path.slice(-5), facts.isTruncated]);
    expect(kept).toEqual([
      ["1.log", true],
      ["2.log", true],
      ["3.log", true],
    ]);
    expect(await bench.read(`files/local${bench.folder}/1.log`)).toBe("0123456789");
    expect(await bench.read(`files/local${bench.folder}/3.log`)).toBe("56789");
    expect(bench.problems.map(({ path }) => path)).toEqual([`${bench.folder}/4.log`]);
  });

  test("the bundle of the run: what others have filled meanwhile is no longer there", async () => {
    const bench = await stepBench();
    const log = await bench.put("app.log", "0123456789");
    const commands: CollectSpec["commands"] = [["echo", "0123456789"]];
    const evidenceBytesLeft = () => Promise.resolve(4);
    await bench.attempt(collect({ paths: [log], commands }), { context: { evidenceBytesLeft } });
    expect(await bench.read(`files/local${log}`)).toBe("6789");
    expect([...bench.evidence.values()].every(({ isTruncated }) => isTruncated)).toBe(true);
  });

  test("a full bundle gathers nothing and says why; critical evidence fails then", async () => {
    const bench = await stepBench();
    const log = await bench.put("app.log", "0123456789");
    const context = { evidenceBytesLeft: () => Promise.resolve(0) };
    expect(await bench.attempt(collect({ paths: [log] }), { context })).toMatchObject({
      status: "succeeded",
    });
    expect(bench.evidence.size).toBe(0);
    expect(bench.problems[0]?.message).toContain("limits.bundle_bytes");
    const critical = await bench.attempt(collect({ paths: [log] }), { context, step: { isCritical: true } });
    expect(critical.status).toBe("failed");
  });

  test("what is left out because files have used up the limits is told, with the limit to raise", async () => {
    const bench = await stepBench();
    const log = await bench.put("app.log", "0123456789");
    const commands: CollectSpec["commands"] = [["echo", "one"]];
    const many = await bench.attempt(collect({ paths: [log], commands, filesMax: 1 }));
    const much = await bench.attempt(collect({ paths: [log], commands, hostBytesMax: 10 }));
    expect([many.value, much.value]).toEqual([1, 1]);
    expect(bench.problems).toMatchObject([
      { path: "echo one", message: "was left out: 1 files are gathered, as many as max_files allows" },
      { path: "echo one", message: "was left out: the step has gathered as much as max_total allows" },
    ]);
  });

  test("rotated logs are chosen by when they were last written", async () => {
    const bench = await stepBench();
    const nowS = Date.now() / 1000;
    for (const [name, hours] of [
      ["app.log", 0],
      ["app.log.1", 1],
      ["app.log.2", 3],
    ] as const)
      await utimes(await bench.put(name, name), nowS - hours * 3600, nowS - hours * 3600);
    await bench.attempt(collect({ paths: [`${bench.folder}/app.log*`], sinceMs: 2 * 3_600_000 }));
    expect([...bench.evidence.keys()].map((path) => path.split("/").at(-1))).toEqual([
      "app.log",
      "app.log.1",
    ]);
    expect(bench.problems).toEqual([]);
  });
});

describe("journal", () => {
  // The machine's own has no entries, or cannot be read; this one prints what it was asked, and lines up to a number.
  const JOURNALCTL = `#!/bin/sh
printf '%s\\n' "$@" >"\${0%/*}/asked"
i=0; while [ $i -lt 1000 ]; do i=$((i+1)); echo "line $i"; done
case "$1" in *broken*) echo "No journal files were found." >&2; exit 1;; esac
`;
  const journal = (unit: string) => ({ unit, sinceMs: 3_600_000 });

  test("the newest lines are kept, in their order", async () => {
    const bench = await stepBench();
    await bench.install("journalctl", JOURNALCTL);
    const result = await bench.attempt(collect({ journal: journal("web.service"), fileBytesMax: 100 }));
    expect(result).toMatchObject({ status: "succeeded", json: { files: 1, bytes: 100 } });
    const text = await bench.read("files/local/journal/web.service.log");
    expect(text).toMatch(/(line 99\d\n){6,}line 1000\n$/);
    expect(bench.evidence.get("files/local/journal/web.service.log")?.isTruncated).toBe(true);
    expect(bench.problems).toEqual([
      { path: "journal of web.service", message: "has more than 100 bytes: its end was kept" },
    ]);
  });

  test("a whole journal is whole, and the unit is one argument whatever it is", async () => {
    const bench = await stepBench();
    await bench.install("journalctl", JOURNALCTL);
    await bench.install("asked", "");
    const unit = "x; touch /tmp/$(id) --help";
    await bench.attempt(collect({ journal: journal(unit) }));
    const [path = ""] = [...bench.evidence.keys()];
    expect((await bench.read(path)).split("\n")).toHaveLength(1_001);
    expect([bench.evidence.get(path)?.isTruncated, bench.problems]).toEqual([false, []]);
    const asked = await bench.installed("asked");
    expect(asked.split("\n").slice(0, 1)).toEqual([`--unit=${unit}`]);
    expect(asked).toMatch(/^--since=@\d{10}$/m);
  });

  test("its failure is told, what it printed is kept", async () => {
    const bench = await stepBench();
    await bench.install("journalctl", JOURNALCTL);
    await bench.attempt(collect({ journal: journal("broken.service") }));
    expect(bench.problems).toEqual([
      { path: "journal of broken.service", message: "exited with 1: No journal files were found." },
    ]);
    expect(bench.evidence.size).toBe(1);
  });
});
