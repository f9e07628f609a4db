import { expect, test } from "vitest";
import {
  addSilence,
  noteSilenceLifted,
  noteSilenceMade,
  readSilence,
  readSilencesOf,
} from "../../src/store/silences.ts";
import type { Silence } from "../../src/runs/guard-records.ts";
import { describeStores } from "./stores.ts";

describeStores("silences", ({ store }) => {
  const wanted = { runId: "run-1", source: "alertmanager", endsAtMs: 5_000 };
  const add = (parts: Partial<typeof wanted> = {}) =>
    store().transaction((tx) => addSilence(tx, { ...wanted, ...parts }));
  const made = (id: string) => store().transaction((tx) => noteSilenceMade(tx, wanted, id));
  const lifted = (silence: Silence, atMs: number) =>
    store().transaction((tx) => noteSilenceLifted(tx, silence, atMs));
  const read = async () => {
    const silence = await readSilence(store().reader, wanted.runId, wanted.source);
    if (silence === null) throw new Error("there is no silence");
    return silence;
  };

  test("are kept once for a run and a source", async () => {
    expect(await readSilence(store().reader, "run-1", "alertmanager")).toBe(null);
    await add();
    await add({ endsAtMs: 9_000 });
    await add({ source: "grafana" });
    await add({ runId: "run-2" });
    expect(await read()).toEqual({ ...wanted, silenceId: null, liftedAtMs: null });
    const sources = (await readSilencesOf(store().reader, "run-1")).map(({ source }) => source);
    expect(sources).toEqual(["alertmanager", "grafana"]);
  });

  test("one that is lifted before its making was heard of is left to who made it", async () => {
    await add();
    expect(await lifted(await read(), 2_000)).toBe(true);
    expect(await made("s-1")).toBe(false);
    expect(await read()).toMatchObject({ silenceId: null, liftedAtMs: 2_000 });
  });

  test("one whose making is heard of while it is lifted is not lifted yet", async () => {
    await add();
    const before = await read();
    expect(await made("s-1")).toBe(true);
    expect(await lifted(before, 2_000)).toBe(false);
    expect(await read()).toMatchObject({ silenceId: "s-1", liftedAtMs: null });
    expect(await lifted(await read(), 3_000)).toBe(true);
    expect(await read()).toMatchObject({ silenceId: "s-1", liftedAtMs: 3_000 });
  });
});
