import type { Expression } from "../expressions/cel.ts";
import type { Template } from "../expressions/templates.ts";
import type { RunbookGuards } from "./guards.ts";
import type { Input } from "./inputs.ts";
import type { ApprovalTerms } from "./check-approval.ts";
import type { AnnotateSpec } from "./verbs/annotate.ts";
import type { ApproveSpec, AskOnFailure } from "./verbs/approve.ts";
import type { CallSpec } from "./verbs/call.ts";
import type { CollectSpec } from "./verbs/collect.ts";
import type { CommandSpec } from "./verbs/command.ts";
import type { ForEachSpec } from "./verbs/for-each.ts";
import type { HttpSpec } from "./verbs/http.ts";
import type { NotifySpec } from "./verbs/notify.ts";
import type { PrometheusSpec } from "./verbs/prometheus.ts";
import type { PutSpec } from "./verbs/put.ts";
import type { RunSpec } from "./verbs/run.ts";
import type { SilenceSpec } from "./verbs/silence.ts";
import type { WaitSpec } from "./verbs/wait.ts";

/** What a step does to the world. */
export const EFFECTS = ["read", "change", "destructive"] as const;
export type Effect = (typeof EFFECTS)[number];

/** The lists that steps stand in. */
export const SECTIONS = ["steps", "on_failure", "finally"] as const;
export type Section = (typeof SECTIONS)[number];

/** Verbs whose steps are carried out by attempts. */
export const LEAF_VERBS = [
  "run",
  "command",
  "collect",
  "put",
  "http",
  "prometheus",
  "wait",
  "notify",
  "silence",
  "annotate",
] as const;
/** Verbs whose steps are made of other steps. */
export const NESTING_VERBS = ["for_each", "runbook"] as const;
/** `approve` waits for people: it has neither. */
export const VERBS = [...LEAF_VERBS, "approve", ...NESTING_VERBS] as const;
export type Verb = (typeof VERBS)[number];
export type LeafVerb = (typeof LEAF_VERBS)[number];

/** What each verb does, with its defaults. The same shape before and after rendering. */
export interface Specs {
  readonly run: RunSpec;
  readonly command: CommandSpec;
  readonly collect: CollectSpec;
  readonly put: PutSpec;
  readonly http: HttpSpec;
  readonly prometheus: PrometheusSpec;
  readonly wait: WaitSpec;
  readonly notify: NotifySpec;
  readonly silence: SilenceSpec;
  readonly annotate: AnnotateSpec;
  readonly approve: ApproveSpec;
  readonly for_each: ForEachSpec;
  readonly runbook: CallSpec;
}

/** A verb together with its spec. */
export type Action = { readonly [V in Verb]: { readonly verb: V; readonly spec: Specs[V] } }[Verb];

/** One step as loaded: keys common to all verbs, and the verb's own part. Strings may hold `${{ }}`: see `render.ts`. */
export type Step = {
  readonly id: string;
  readonly name: string | null;
  readonly effect: Effect;
  readonly if: Expression | null;
  /** The host the step runs on: `local`, a name, or `${{ inputs.host }}`. A plan's `targets` has it resolved. */
  readonly target: string;
  readonly env: Readonly<Record<string, string>>;
  readonly become: string | null;
  /** Of one attempt. */
  readonly timeoutMs: number;
  /** Tries after the first one. */
  readonly retries: number;
  readonly delayMs: number;
  readonly until: Expression | null;
  readonly failIf: Expression | null;
  /** The run goes on after a failure: as written, or because the step only gathers evidence. */
  readonly continueOnError: boolean;
  /** It gathers evidence (collect, or prometheus that judges nothing): its failure never fails the run unless critical. */
  readonly isEvidence: boolean;
  readonly outputs: ReadonlyMap<string, Expression>;
  /** After a crash in its middle. `retry` for what only reads, unless it says otherwise. */
  readonly onInterrupt: "retry" | "stop";
  /** Ends after which the effect may have begun and the step is tried again all the same. */
  readonly retryOn: readonly ("failed" | "timed_out")[];
  /** Evidence that must be had: its failure fails the run. Also: never stopped half-way by a resolve. */
  readonly isCritical: boolean;
  /** Shows what the step would change: what a dry run runs in its place. Only of a step that changes something. */
  readonly preview: RunSpec | null;
  /** Once it has failed a person says how the run goes on; null: it just failed. */
  readonly askOnFailure: AskOnFailure | null;
  readonly line: number;
  /** The steps of a `for_each`, made once for each item. */
  readonly body: Body | null;
} & Action;

/** Steps in their order, what follows a failure of one of them, and what follows in any case. */
export interface Body {
  readonly steps: readonly Step[];
  readonly onFailure: readonly Step[];
  readonly finally: readonly Step[];
  /** Every distinct templated string of these steps, compiled. */
  readonly templates: ReadonlyMap<string, Template>;
}

/** Who may see, run and approve: principals such as `group:sre` or `everyone`. Stored; not enforced by this version. */
export interface Access {
  readonly view: readonly string[];
  readonly run: readonly string[];
  readonly approve: readonly string[];
}

/** A condition of the runbook itself, judged when the run starts and again right before the steps it names. */
export interface Assert {
  readonly name: string;
  /** Null: `expect` is about the inputs alone. `vars` are bound as in a prometheus step. */
  readonly prometheus: Pick<PrometheusSpec, "query" | "vars"> | null;
  /** Sees `inputs`, and the query's answer as `value`. */
  readonly expect: Expression;
  /** Ids of steps; empty: every step that changes something. */
  readonly before: readonly string[];
  /** What a person reads when it does not hold. */
  readonly message: string;
}

/** A checked runbook: every expression in it is compiled, every reference known. */
export type Runbook = {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly owner: string | null;
  readonly tags: readonly string[];
  readonly access: Access | null;
  readonly file: string;
  /** The file's text exactly as loaded, and its SHA-256: what a plan freezes. */
  readonly text: string;
  readonly digest: string;
  readonly inputs: ReadonlyMap<string, Input>;
  readonly guards: RunbookGuards;
  readonly asserts: readonly Assert[];
  /** The input whose value a person types who starts it; null when nothing is typed. */
  readonly confirm: string | null;
  /** What is asked of people before a run starts; null: nothing, unless the rule asks. */
  readonly approval: ApprovalTerms | null;
  readonly timeoutMs: number;
  readonly httpHosts: readonly string[];
  /** Names of the settings' secrets that its steps may use. */
  readonly secrets: readonly string[];
  readonly summary: Template | null;
  /** What a calling runbook and whoever started the run gets; empty for none. */
  readonly result: ReadonlyMap<string, Template | string | number | boolean>;
} & Body;

/** Every step, whichever list it stands in; those inside a `for_each` as well. */
export function allSteps(body: Pick<Body, "steps" | "onFailure" | "finally">): Step[] {
  return [...body.steps, ...body.onFailure, ...body.finally].flatMap((step) =>
    step.body === null ? [step] : [step, ...allSteps(step.body)],
  );
}
