import { useCallback, useRef, useState } from "react";
import { useAddress } from "../../address.ts";
import type { RunDetails } from "../../api/types.ts";

/** Which step is opened: the one of the address, or the one that the run failed at when nobody has said otherwise. */
export function useOpenStep(run: RunDetails): {
  readonly open: string | null;
  readonly isLinked: boolean;
  readonly toggle: (id: string) => void;
} {
  const [{ step: asked }, change] = useAddress();
  // Looked at once: a step that fails while somebody reads another one moves nothing.
  const [failed, setFailed] = useState(run.failed_step);
  const open = asked ?? (run.steps.some(({ id }) => id === failed) ? failed : null);
  const isLinked = useRef(asked !== undefined).current;
  const toggle = useCallback(
    (id: string) => {
      setFailed(null);
      change({ step: id === open ? null : id, stream: null, line: null, attempt: null });
    },
    [open, change],
  );
  return { open, isLinked, toggle };
}
