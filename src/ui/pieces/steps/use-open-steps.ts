import { useCallback, useEffect, useRef, useState } from "react";
import { useAddress } from "../../address.ts";
import type { RunDetails, Step } from "../../api/types.ts";
import { isInUse, watchHands } from "./in-use.ts";

const FAILED: ReadonlySet<string> = new Set(["failed", "timed_out", "interrupted"]);

/** The one to look at: of one that is made of other steps, the first of those that went wrong. */
function failedStepOf({ steps, failed_step: failed }: RunDetails): string | null {
  const wrong = steps.filter(({ status }) => FAILED.has(status));
  const inside = wrong.filter(({ id, verb }) => id.startsWith(`${failed}/`) && !isMadeOfSteps(verb));
  return (inside[0] ?? wrong.find(({ id }) => id === failed) ?? null)?.id ?? null;
}

/** It prints nothing by itself. */
export function isMadeOfSteps(verb: Step["verb"]): boolean {
  return verb === "for_each" || verb === "runbook";
}

/** What there is to look at by now, for who may: where the run has failed, otherwise what is going on. Of several, any. */
function toLookAt(run: RunDetails): readonly string[] {
  if (!run.permissions.includes("read_evidence")) return [];
  const failed = failedStepOf(run);
  if (failed !== null) return [failed];
  return run.steps
    .filter(({ status, verb }) => status === "running" && !isMadeOfSteps(verb))
    .map(({ id }) => id);
}

/** What has opened by itself. While it is followed, what runs next opens too. */
interface ByItself {
  readonly open: readonly string[];
  readonly isFollowing: boolean;
}

export interface OpenSteps {
  readonly open: ReadonlySet<string>;
  /** The address says which one: whoever followed the link wants to see it. */
  readonly isLinked: boolean;
  readonly isFollowing: boolean;
  readonly toggle: (id: string) => void;
  /** Opens again by itself what is going on. */
  readonly follow: () => void;
}

/** Whoever presses a step that has opened by itself just before had not seen it open yet. */
const MEANT_TO_OPEN_MS = 500;

const CLOSED = { step: null, stream: null, line: null, attempt: null, find: null } as const;

/**
 * Which steps are opened. The one of the address; when nobody has said otherwise the one that runs, and then the next one, or the one that the
 * run failed at. What is being used stays open when the next one begins, and what is open at the end of the run stays so.
 */
export function useOpenSteps(run: RunDetails): OpenSteps {
  const [{ step: asked }, change] = useAddress();
  const [byItself, setByItself] = useState<ByItself>(() => ({
    open: toLookAt(run).slice(0, 1),
    isFollowing: asked === undefined && run.finished_at === null,
  }));
  const { isFollowing } = byItself;
  const now = toLookAt(run);
  const newest = useRef({ asked, byItself, now });
  useEffect(() => {
    newest.current = { asked, byItself, now };
  });
  const lastOpened = useRef({ id: "", atMs: Number.NEGATIVE_INFINITY });
  const named = now.join(" ");
  useEffect(() => {
    const { now: current, byItself: before } = newest.current;
    const [first] = current;
    if (!isFollowing || first === undefined || current.some((id) => before.open.includes(id))) return;
    lastOpened.current = { id: first, atMs: performance.now() };
    setByItself({ open: [...before.open.filter(isInUse), first], isFollowing });
  }, [named, isFollowing]);
  useEffect(watchHands, []);
  const isLinked = useRef(asked !== undefined).current;
  // The same function for all time, so that only the steps that change are drawn again.
  const toggle = useCallback(
    (id: string) => {
      const { asked: linked, byItself: own } = newest.current;
      const { id: last, atMs } = lastOpened.current;
      const isMeantToOpen = id === last && performance.now() - atMs < MEANT_TO_OPEN_MS;
      const isOwn = linked === undefined && own.open.includes(id) && !isMeantToOpen;
      setByItself({ open: isOwn ? own.open.filter((each) => each !== id) : [], isFollowing: false });
      change({ ...CLOSED, step: isOwn || id === linked ? null : id });
    },
    [change],
  );
  const follow = useCallback(() => {
    setByItself({ open: [], isFollowing: true });
    change(CLOSED);
  }, [change]);
  return {
    open: new Set(asked === undefined ? byItself.open : [asked]),
    isLinked,
    isFollowing,
    toggle,
    follow,
  };
}
