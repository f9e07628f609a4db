import { useCallback, useEffect, useRef, useState } from "react";
import { useAddress } from "../../address.ts";
import type { RunDetails, Step } from "../../api/types.ts";

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

/** Which step is opened: the one of the address, or the one that the run failed at when nobody has said otherwise. */
export function useOpenStep(run: RunDetails): {
  readonly open: string | null;
  readonly isLinked: boolean;
  readonly toggle: (id: string) => void;
} {
  const [{ step: asked }, change] = useAddress();
  // Looked at once: a step that fails while somebody reads another one moves nothing.
  const [failed, setFailed] = useState(() => failedStepOf(run));
  const open = asked ?? failed;
  const isLinked = useRef(asked !== undefined).current;
  const now = useRef(open);
  useEffect(() => {
    now.current = open;
  });
  // The same function for all time, so that only the steps that change are drawn again.
  const toggle = useCallback(
    (id: string) => {
      setFailed(null);
      change({ step: id === now.current ? null : id, stream: null, line: null, attempt: null, find: null });
    },
    [change],
  );
  return { open, isLinked, toggle };
}
