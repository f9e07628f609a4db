import { expect, test } from "vitest";
import { newId } from "../../src/platform/ids.ts";
import type { Run } from "../../src/runs/records.ts";
import { insertEpisodes } from "../../src/store/episode-intake.ts";
import {
  countNotices,
  findToldLanes,
  listNotices,
  readNotice,
  reviveNotice,
} from "../../src/store/notices.ts";
import {
  deleteThreadReferences,
  putThreadReference,
  readLiveThread,
  readThreadReference,
} from "../../src/store/notice-threads.ts";
import {
  addToOutbox,
  buryOutboxItem,
  claimOutbox,
  finishOutboxItem,
  nextOutboxDueMs,
  retryOutboxItem,
} from "../../src/store/outbox.ts";
import { newEpisode, newRun } from "./rows.ts";
import { describeStores } from "./stores.ts";

describeStores("notices", ({ store, peer, dialect }) => {
  interface Parts {
    readonly runId?: string;
    readonly notifier?: string;
    readonly thread?: string;
    readonly dueAtMs?: number;
    readonly data?: Readonly<Record<string, unknown>>;
  }
  const add = (event: string, parts: Parts = {}) => {
    const { runId = "run", notifier = "oncall", thread = "thread", dueAtMs = 1_000, data = {} } = parts;
    const item = { runId, action: "notify", target: `${event}:${notifier}`, dueAtMs } as const;
    const lane = { notifier, thread };
    return store().transaction((tx) => addToOutbox(tx, { ...item, lane, data: { event, ...data } }));
  };
  const claim = (nowMs = 1_000, handle = store) =>
    handle().transaction((tx) => claimOutbox(tx, dialect, { nowMs, retryAtMs: nowMs + 60_000, limit: 10 }));
  const claimed = async (nowMs?: number) => (await claim(nowMs)).map(({ target }) => target);
  const inTx = <Result>(work: Parameters<ReturnType<typeof store>["transaction"]>[0]) =>
    store().transaction(work) as Promise<Result>;
  async function bury(event: string): Promise<string> {
    await add(event);
    const [item] = await claim();
    await store().transaction((tx) => buryOutboxItem(tx, item?.id ?? "", 5_000, "refused"));
    return item?.id ?? "";
  }

  test("go out one after the other in a thread, whichever is due first", async () => {
    await add("failed", { dueAtMs: 900 });
    await add("recovered", { dueAtMs: 500 });
    await add("failed", { notifier: "other" });
    await add("failed", { runId: "run-2", thread: "thread-2" });
    const [first, ...others] = await claim();
    expect([first, ...others].map((item) => item?.target)).toEqual([
      "failed:oncall",
      "failed:other",
      "failed:oncall",
    ]);
    expect(first?.lane).toEqual({ notifier: "oncall", thread: "thread" });
    expect(await claimed()).toEqual([]);
    await store().transaction((tx) => finishOutboxItem(tx, first?.id ?? "", 2_000));
    expect(await claimed()).toEqual(["recovered:oncall"]);
  });

  test("wait for the first of their thread while it is tried again, without being due", async () => {
    await add("failed");
    await add("recovered", { dueAtMs: 500 });
    const [first] = await claim();
    await store().transaction((tx) => retryOutboxItem(tx, first?.id ?? "", 9_000, "busy"));
    expect(await nextOutboxDueMs(store().reader)).toBe(9_000);
    expect(await claimed(8_000)).toEqual([]);
    expect(await claimed(9_000)).toEqual(["failed:oncall"]);
  });

  test("of one thread are never handed out twice at the same time", async () => {
    for (let index = 0; index < 10; index += 1) await add(`event-${index}`);
    const claims = await Promise.all(
      Array.from({ length: 6 }, (_, index) => claim(1_000, index % 2 ? store : peer)),
    );
    expect(claims.flat().map(({ target }) => target)).toEqual(["event-0:oncall"]);
  });

  test("that were given up let the next one go, are listed, and can be put in line again", async () => {
    const id = await bury("failed");
    await add("recovered");
    expect(await claimed()).toEqual(["recovered:oncall"]);
    expect(await countNotices(store().reader)).toEqual({ pending: 1, dead: 1 });
    expect(await listNotices(store().reader, "dead", 10, null)).toMatchObject([
      {
        id,
        state: "dead",
        to: "oncall",
        event: "failed",
        runId: "run",
        message: "refused",
        atMs: 5_000,
        attempts: 1,
      },
    ]);
    expect(await inTx((tx) => reviveNotice(tx, id, 7_000))).toBe(true);
    expect(await inTx((tx) => reviveNotice(tx, id, 7_000))).toBe(false);
    expect(await readNotice(store().reader, id)).toMatchObject({
      state: "pending",
      attempts: 0,
      atMs: 7_000,
    });
  });

  test("that were sent are not put in line again", async () => {
    await add("failed");
    const [item] = await claim();
    await store().transaction((tx) => finishOutboxItem(tx, item?.id ?? "", 2_000));
    await store().transaction((tx) => buryOutboxItem(tx, item?.id ?? "", 3_000, "late"));
    expect(await inTx((tx) => reviveNotice(tx, item?.id ?? "", 7_000))).toBe(false);
    expect(await readNotice(store().reader, item?.id ?? "")).toMatchObject({ state: "sent", atMs: 2_000 });
  });

  test("are listed newest first, page by page, and by state", async () => {
    for (const event of ["a", "b", "c"]) await add(event, { thread: event });
    const events = async (
      ...page: Parameters<typeof listNotices> extends [unknown, ...infer Rest] ? Rest : never
    ) => (await listNotices(store().reader, ...page)).map(({ event }) => event);
    const [newest] = await listNotices(store().reader, null, 1, null);
    expect(await events(null, 2, null)).toEqual(["c", "b"]);
    expect(await events(null, 5, newest?.id ?? "")).toEqual(["b", "a"]);
    expect(await events("pending", 5, null)).toEqual(["c", "b", "a"]);
    expect(await events("sent", 5, null)).toEqual([]);
  });

  test("say who was told of a thread: by what waits, by what was sent, and by what receivers keep", async () => {
    await add("failed", { data: { rule: "act" } });
    await add("stale", { notifier: "log", runId: "episode", data: { isAboutRun: false } });
    await add("failed", { notifier: "elsewhere", thread: "other" });
    const about = { runId: "run", reference: "1", atMs: 1 };
    await store().transaction((tx) => putThreadReference(tx, { notifier: "pager", thread: "thread" }, about));
    const lanes = await inTx<Awaited<ReturnType<typeof findToldLanes>>>((tx) =>
      findToldLanes(tx, ["thread", "none"]),
    );
    expect(lanes.toSorted((left, right) => (left.notifier < right.notifier ? -1 : 1))).toEqual([
      { notifier: "log", thread: "thread", runId: null, rule: null },
      { notifier: "oncall", thread: "thread", runId: "run", rule: "act" },
      { notifier: "pager", thread: "thread", runId: "run", rule: null },
    ]);
  });

  test("keep what a receiver calls their first, until nothing was said for long", async () => {
    const lane = { notifier: "oncall", thread: "thread" };
    const put = (reference: string, atMs: number) =>
      store().transaction((tx) => putThreadReference(tx, lane, { runId: "run", reference, atMs }));
    await put("one", 1_000);
    await put("two", 2_000);
    expect(await readThreadReference(store().reader, lane)).toBe("two");
    expect(await readThreadReference(store().reader, { ...lane, notifier: "other" })).toBe(null);
    expect(await inTx((tx) => deleteThreadReferences(tx, 2_000))).toBe(0);
    expect(await inTx((tx) => deleteThreadReferences(tx, 2_001))).toBe(1);
    expect(await readThreadReference(store().reader, lane)).toBe(null);
  });

  test("of a run go to the alert's next episode where it came back, else to its own", async () => {
    const own = newEpisode({ state: "resolved", closedAtMs: 3_000, endsAtMs: 3_000 });
    const next = newEpisode();
    const trigger = { kind: "alert", rule: "slow", episodeId: own.id, principal: "rule:slow" } as const;
    const run = newRun({ trigger }) as unknown as Run;
    await store().transaction((tx) => insertEpisodes(tx, dialect, [own]));
    expect(await readLiveThread(store().reader, run)).toBe(own.id);
    await store().transaction((tx) => insertEpisodes(tx, dialect, [next]));
    expect(await readLiveThread(store().reader, run)).toBe(next.id);
    const person = { ...run, trigger: { ...trigger, episodeId: null } };
    expect(await readLiveThread(store().reader, person)).toBe(run.id);
  });

  test("of a group's run go to the group's next firing where there is one", async () => {
    const insert = (id: string, closedAtMs: number | null) => {
      const group = {
        id,
        rule: "slow",
        group_key: '["web"]',
        opened_at: 1,
        closed_at: closedAtMs,
        run_id: null,
      };
      return store().transaction((tx) => tx.insertInto("alert_group").values(group).execute());
    };
    const own = newId();
    const run = newRun({ groupId: own }) as unknown as Run;
    await insert(own, 2_000);
    expect(await readLiveThread(store().reader, run)).toBe(own);
    const next = newId();
    await insert(next, null);
    expect(await readLiveThread(store().reader, run)).toBe(next);
  });
});
