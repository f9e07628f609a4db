import type { ObjectType, Scope, ValueType } from "../expressions/expression.ts";
import type { Draft, StepDraft } from "./draft.ts";
import type { Input } from "./inputs.ts";
import { valueTypeOf } from "./inputs/types.ts";
import { type Verb, VERBS } from "./runbook.ts";

/** Where in a runbook an expression stands, which decides what it sees. */
export type Place =
  /** Of a step's `if`, env and verb: what came before the step. */
  | {
      readonly kind: "step";
      readonly step: StepDraft;
      /** What is secret may go where nobody reads it but the program or service it is for: env, headers, a body. */
      readonly mayReadSecrets?: boolean;
    }
  /** Of a step's `until`, `fail_if` and `outputs`: also what the step itself just gave. */
  | { readonly kind: "result"; readonly step: StepDraft }
  /** Hosts are resolved before the run starts, so a target sees the inputs only. */
  | { readonly kind: "target" }
  /** Of `with` of a called runbook, which is bound before the run starts. `handsOn`: nothing but one secret, as a whole. */
  | { readonly kind: "with"; readonly handsOn: boolean }
  /** Of an input, by its name: it sees the inputs before that one. */
  | { readonly kind: "show_if"; readonly input: string }
  /** An assert is judged before the run starts, too; it sees the inputs, and its query's answer. */
  | { readonly kind: "assert"; readonly hasValue: boolean }
  /** Of `approval.when`, evaluated before the run is made. */
  | { readonly kind: "approval" }
  | { readonly kind: "summary" }
  /** Of `result`: only a run that succeeded has one, so every step of `steps` has been reached. */
  | { readonly kind: "success" };

/** A step as an expression elsewhere sees it. */
export interface VisibleStep {
  readonly step: StepDraft;
  /** It may not have run at all. */
  readonly maySkip: boolean;
  /** The run goes on when it fails. */
  readonly mayFail: boolean;
}

const TRIGGER: ObjectType = { fields: { kind: "string", principal: "string" } };

const RUN: ObjectType = {
  fields: {
    id: "string",
    url: "string",
    dir: "string",
    trigger: TRIGGER,
    cause: { fields: { title: "string", url: "string", started_at: "timestamp" } },
    status: "string",
    failed_step: "string",
  },
};

const RESPONSE: ObjectType = {
  fields: { status: "int", headers: "map<string, string>", body: "string" },
};

/** One item of a `for_each`: a host's name or an option, and what became of it. `outputs` are those of the step, for the item. */
const ITEM: ObjectType = {
  fields: { host: "string", item: "string", status: "string", steps: "dyn", outputs: "dyn" },
};

/** What an attempt of a verb gives, by its name in expressions. */
const RESULTS: Readonly<Record<Verb, Scope>> = {
  run: { stdout: "string", exit_code: "int", json: "dyn" },
  command: { stdout: "string", exit_code: "int", json: "dyn" },
  collect: { json: "dyn" },
  put: { json: "dyn" },
  http: { response: RESPONSE, json: "dyn" },
  prometheus: { value: "double", json: "dyn" },
  wait: {},
  notify: {},
  silence: { json: "dyn" },
  annotate: { json: "dyn" },
  approve: { json: "dyn" },
  for_each: { items: { items: ITEM } },
  runbook: { result: "dyn" },
};

/** The fields of `steps.<id>`; undefined when the step's verb is not known. `duration` is in seconds. */
export function resultFields(step: StepDraft): Readonly<Record<string, ValueType>> | undefined {
  if (step.action === undefined) return undefined;
  const outputs: ObjectType = {
    fields: Object.fromEntries(Object.keys(step.entry?.outputs ?? {}).map((name) => [name, "dyn" as const])),
  };
  return { status: "string", duration: "double", ...RESULTS[step.action.verb], outputs };
}

/** The steps that an expression at this place may read. */
export function visibleSteps(draft: Draft, place: Place): ReadonlyMap<string, VisibleStep> {
  const { outer } = draft;
  // What stands before the step that these steps are inside of, as that step sees it.
  const visible = new Map<string, VisibleStep>(
    outer === null ||
      place.kind === "target" ||
      place.kind === "with" ||
      place.kind === "assert" ||
      place.kind === "approval"
      ? []
      : visibleSteps(outer.draft, { kind: "step", step: outer.step }),
  );
  for (const step of draft.steps) {
    if (!isVisible(step, place)) continue;
    const isElsewhere =
      place.kind === "summary" ||
      (place.kind === "success" && step.section === "on_failure") ||
      ("step" in place && place.step.section !== step.section);
    visible.set(step.id, {
      step,
      maySkip: isElsewhere || step.entry?.if !== undefined || step.entry?.ask_on_failure !== undefined,
      mayFail: step.entry !== undefined && goesOnAfterFailure(step),
    });
  }
  return visible;
}

function isVisible(step: StepDraft, place: Place): boolean {
  switch (place.kind) {
    case "target":
    case "with":
    case "show_if":
    case "assert":
    case "approval":
      return false;
    case "summary":
    case "success":
      return true;
    case "step":
    case "result":
      if (place.step.section === step.section) return step.index < place.step.index;
      return step.section === "steps" || place.step.section === "finally";
  }
}

/** Evidence: gathered if it can be. A prometheus step that judges its value (`until`, `fail_if`) is a check instead. */
export function isEvidence(step: StepDraft): boolean {
  if (step.entry?.critical === true) return false;
  if (step.action?.verb === "collect") return true;
  return (
    step.action?.verb === "prometheus" && step.entry?.until === undefined && step.entry?.fail_if === undefined
  );
}

export function goesOnAfterFailure(step: StepDraft): boolean {
  return step.entry?.continue_on_error ?? isEvidence(step);
}

/** The names that the `for_each` around these steps gives its items, with the inputs they come from. */
export function loopNames(draft: Draft): ReadonlyMap<string, Input | undefined> {
  const names = new Map<string, Input | undefined>();
  for (let { outer } = draft; outer !== null; { outer } = outer.draft) {
    const action = outer.step.action;
    if (action?.verb === "for_each") names.set(action.spec.as, draft.inputs.get(action.spec.input));
  }
  return names;
}

/** Every name that an expression of a runbook may use, without types: to learn what it reads before its types are checked. */
const LOOSE_SCOPE: Scope = {
  inputs: "dyn",
  steps: "dyn",
  run: "dyn",
  secrets: "dyn",
  stdout: "dyn",
  exit_code: "dyn",
  json: "dyn",
  value: "dyn",
  response: "dyn",
};

/** {@link LOOSE_SCOPE} at this place. */
export function looseScopeOf(draft: Draft): Scope {
  return { ...Object.fromEntries([...loopNames(draft).keys()].map((name) => [name, "dyn"])), ...LOOSE_SCOPE };
}

/** The typed scopes of one runbook. Building one is dear, so all places share them; `references.ts` says who sees what. */
export interface Scopes {
  readonly loose: Scope;
  readonly run: Scope;
  readonly approval: Scope;
  readonly assert: Scope;
  /** Of an assert with a query. */
  readonly assertValue: Scope;
  /** With what the step itself just gave, for each verb. */
  readonly results: Readonly<Record<Verb, Scope>>;
}

/** The names that the runbook's own `secrets` lists. */
export function declaredSecrets(draft: Draft): string[] {
  if (draft.outer !== null) return declaredSecrets(draft.outer.draft);
  const listed = draft.raw["secrets"];
  return Array.isArray(listed) ? listed.filter((name) => typeof name === "string") : [];
}

/** What could not be read is `dyn`, so that its problem is reported only once. */
export function scopesOf(draft: Draft): Scopes {
  const inputs: ObjectType = {
    fields: Object.fromEntries(
      [...draft.inputs].map(([name, input]) => [name, input === undefined ? "dyn" : valueTypeOf(input)]),
    ),
  };
  const { outer } = draft;
  const around =
    outer === null ? [] : [...visibleSteps(outer.draft, { kind: "step", step: outer.step }).values()];
  const steps = [...around.map(({ step }) => step), ...draft.steps].map((step) => {
    const fields = resultFields(step);
    return [step.id, fields === undefined ? "dyn" : { fields }] as const;
  });
  const secrets: ObjectType = {
    fields: Object.fromEntries(declaredSecrets(draft).map((name) => [name, "string" as const])),
  };
  const loops = [...loopNames(draft)].map(([name, input]) => [name, itemType(input)] as const);
  const run: Scope = {
    ...Object.fromEntries(loops),
    inputs,
    steps: { fields: Object.fromEntries(steps) },
    run: RUN,
    secrets,
  };
  const results = VERBS.map((verb) => [verb, { ...run, ...RESULTS[verb] }] as const);
  return {
    loose: looseScopeOf(draft),
    run,
    approval: { inputs, run: { fields: { trigger: TRIGGER } } },
    assert: { inputs },
    assertValue: { inputs, value: "double" },
    results: Object.fromEntries(results) as Record<Verb, Scope>,
  };
}

/** What a list holds: hosts, rows of a file, or texts. */
function itemType(input: Input | undefined): ValueType {
  const type = input === undefined ? "dyn" : valueTypeOf(input);
  if (typeof type === "object") return "items" in type ? type.items : "dyn";
  return type === "list<string>" ? "string" : "dyn";
}

/** Whether the input is a list of hosts. */
export function isHostList(input: Input): boolean {
  return input.type === "hosts";
}
