import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { ApiError, send } from "../../api/client.ts";
import type { Plan, Run } from "../../api/types.ts";

/** Collects what is sent as the inputs, at the moment it is sent. */
export type Inputs = () => Promise<Record<string, unknown>>;

export interface StartWords {
  readonly reason: string;
  readonly confirm: string;
  readonly isDryRun: boolean;
}

export interface Start {
  /** Null until one was asked for, and after a change of the inputs. */
  readonly plan: Plan | null;
  /** The plan that was looked at before, when a start was refused because it is another one now. */
  readonly before: Plan | null;
  readonly error: Error | null;
  readonly isPending: boolean;
  readonly see: () => void;
  readonly run: (words: StartWords) => void;
  /** The inputs have changed: what was planned was planned with others. */
  readonly reset: () => void;
  /** What was typed beside the inputs has changed. */
  readonly clearError: () => void;
}

interface Seen {
  readonly plan: Plan;
  readonly before: Plan | null;
}

/** The way from inputs to a plan, and from the plan that somebody has seen to its run. */
export function useStart(runbook: string, inputs: Inputs, onStarted: () => void): Start {
  const path = `/runbooks/${encodeURIComponent(runbook)}`;
  const navigate = useNavigate();
  const keyOf = useStartKey();
  const [seen, setSeen] = useState<Seen | null>(null);
  const planNow = async () => send<Plan>("POST", `${path}/plan`, { inputs: await inputs() });
  const see = useMutation({
    mutationFn: planNow,
    onSuccess: (plan) => setSeen({ plan, before: null }),
  });
  const run = useMutation({
    mutationFn: async ({ reason, confirm, isDryRun }: StartWords) => {
      const body = {
        inputs: await inputs(),
        dry_run: isDryRun,
        ...(seen === null ? {} : { plan_digest: seen.plan.digest }),
        ...(reason === "" ? {} : { reason }),
        ...(confirm === "" || isDryRun ? {} : { confirm }),
      };
      return send<Run>("POST", `${path}/runs`, body, keyOf(JSON.stringify(body)));
    },
    onSuccess: ({ id }) => {
      onStarted();
      return navigate({ to: "/runs/$id", params: { id } });
    },
    onError: async (error) => {
      if (seen === null || !isOtherPlan(error)) return;
      const plan = await planNow().catch(() => null);
      if (plan !== null) setSeen({ plan, before: seen.plan });
    },
  });
  const isPending = see.isPending || run.isPending;
  return {
    plan: seen?.plan ?? null,
    before: seen?.before ?? null,
    // Told by what has changed, once that is known.
    error: seen !== null && seen.before !== null && isOtherPlan(run.error) ? null : (run.error ?? see.error),
    isPending,
    see: () => {
      run.reset();
      if (!isPending) see.mutate();
    },
    run: (words) => {
      if (!isPending) run.mutate(words);
    },
    reset: () => {
      see.reset();
      run.reset();
      setSeen(null);
    },
    clearError: () => run.reset(),
  };
}

function isOtherPlan(error: Error | null): boolean {
  return error instanceof ApiError && error.status === 409 && "given_plan_digest" in error.members;
}

/** The same key for the same call, so that one that is sent twice starts one run; another one once something is different. */
function useStartKey(): (body: string) => string {
  const last = useRef({ body: "", key: "" });
  return (body) => {
    if (last.current.body !== body) last.current = { body, key: newKey() };
    return last.current.key;
  };
}

/** Not `randomUUID`, which a page without HTTPS does not have. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
