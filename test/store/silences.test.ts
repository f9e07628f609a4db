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
  const wanted = { runId: "run-1", source: "alertmanager", stepId: null, askedAtMs: 1_000, endsAtMs: 5_000 };
  const add = (parts: Partial<Silence> = {}) =>
    store().transaction((tx) => addSilence(tx, { ...wanted, ...parts }));
  const made = (id: string) => store().transaction((tx) => noteSilenceMade(tx, wanted, id));
  const lifted = (silence: Silence, atMs: number) =>
    store().transaction((tx) => noteSilenceLifted(tx, silence, atMs));
  const read = async () => {
    const silence = await readSilence(store().reader, wanted);
    if (silence === null) throw new Error("there is no silence");
    return silence;
  };

  test("are kept once for a run's rule, and for each of its steps, and a source", async () => {
    expect(await readSilence(store().reader, wanted)).toBe(null);
    await add();
    await add({ endsAtMs: 9_000 });
    await add({ source: "grafana" });
    await add({ runId: "run-2" });
    await add({ stepId: "quiet", endsAtMs: 7_000 });
    await add({ stepId: "quiet" });
    expect(await read()).toEqual({ ...wanted, silenceId: null, liftedAtMs: null });
    const keys = (await readSilencesOf(store().reader, "run-1")).map(({ source, stepId }) => [
      source,
      stepId,
    ]);
    expect(keys).toEqual([
      ["alertmanager", null],
      ["alertmanager", "quiet"],
      ["grafana", null],
    ]);
    const quiet = { ...wanted, stepId: "quiet", endsAtMs: 7_000 };
    await store().transaction((tx) => noteSilenceMade(tx, quiet, "s-2"));
    expect(await readSilence(store().reader, quiet)).toEqual({
      ...quiet,
      silenceId: "s-2",
      liftedAtMs: null,
    });
    expect(await read()).toMatchObject({ silenceId: null });
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
