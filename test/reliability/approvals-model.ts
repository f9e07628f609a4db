import type { Principal } from "../../src/access/principal.ts";
import type { Answer, ApprovalKind } from "../../src/runs/approvals.ts";
import type { Random } from "./random.ts";

// What an approval is, said once more in few words, to judge the real one by. Whether somebody may answer is worked out before the
// first action, person by person.

export interface ModelPerson {
  readonly name: string;
  readonly groups: readonly string[];
  readonly role: Principal["role"];
  readonly isLocal: boolean;
}

export interface Question {
  readonly kind: ApprovalKind;
  readonly count: number;
  readonly approve: readonly string[];
  readonly from: readonly string[];
  readonly thenAsk: string | null;
  readonly requester: string;
  readonly timeoutMs: number;
  /** The run has become another one since people were asked. */
  readonly isOtherPlan: boolean;
}

export type Action =
  | {
      readonly do: "answer";
      readonly person: ModelPerson;
      readonly answer: Answer;
      readonly digest: "unsaid" | "right" | "wrong";
    }
  | { readonly do: "wait"; readonly ms: number }
  /** Whatever is due of its timers. */
  | { readonly do: "timers" }
  | { readonly do: "cancel" };

export const PEOPLE: readonly ModelPerson[] = [
  { name: "asker", groups: ["sre", "leads"], role: "admin", isLocal: false },
  { name: "ada", groups: ["sre"], role: "viewer", isLocal: false },
  { name: "ben", groups: ["sre", "dba"], role: null, isLocal: false },
  { name: "cat", groups: ["leads"], role: "responder", isLocal: false },
  { name: "dan", groups: [], role: "operator", isLocal: false },
  { name: "eve", groups: ["web"], role: "admin", isLocal: false },
  { name: "local", groups: [], role: "admin", isLocal: true },
];

export function randomQuestion(random: Random): Question {
  const kind = random.pick(["start", "start", "step", "failed_step"] as const);
  return {
    kind,
    count: kind === "failed_step" ? 1 : 1 + random.below(3),
    approve: random.pick([[], ["group:sre"], ["everyone"], ["user:dan", "group:dba"], ["group:nobody"]]),
    from: kind === "start" ? [] : random.pick([[], [], ["group:dba"], ["user:eve", "user:ada"]]),
    thenAsk: kind === "start" ? random.pick([null, null, "group:leads", "user:cat"]) : null,
    requester: random.pick(["asker", "asker", "dan", "robot"]),
    timeoutMs: 10 * (1 + random.below(5)),
    isOtherPlan: random.chance(0.05),
  };
}

const ANSWERS_TRIED = [
  "approve",
  "approve",
  "approve",
  "approve",
  "reject",
  "retry",
  "skip",
  "stop",
] as const;

export function randomAction(random: Random): Action {
  const roll = random.next();
  if (roll < 0.68)
    return {
      do: "answer",
      person: random.pick(PEOPLE),
      answer: random.pick(ANSWERS_TRIED),
      digest: random.pick(["unsaid", "unsaid", "right", "right", "right", "wrong"]),
    };
  if (roll < 0.83) return { do: "wait", ms: 1 + random.below(15) };
  return roll < 0.98 ? { do: "timers" } : { do: "cancel" };
}

/** What has become of an approval, as the database says it. */
export interface Seen {
  readonly state: string;
  readonly deadlineMs: number;
  readonly yes: readonly string[];
}

export class ApprovalModel {
  readonly #question: Question;
  readonly #mayAtFirst: ReadonlySet<string>;
  readonly #mayLater: ReadonlySet<string>;
  readonly #spoken = new Set<string>();
  readonly yes: string[] = [];
  nowMs: number;
  state = "pending";
  deadlineMs: number;
  #hasPassed = false;

  constructor(question: Question, nowMs: number) {
    this.#question = question;
    this.nowMs = nowMs;
    this.deadlineMs = nowMs + question.timeoutMs;
    const { approve, from, thenAsk } = question;
    const byRole = (person: ModelPerson) => person.role === "operator" || person.role === "admin";
    const first = PEOPLE.filter(
      (person) =>
        person.isLocal ||
        ((approve.length === 0 ? byRole(person) : approve.some((name) => isNamed(person, name))) &&
          (from.length === 0 || from.some((name) => isNamed(person, name)))),
    );
    const second = thenAsk === null ? [] : PEOPLE.filter((person) => isNamed(person, thenAsk));
    this.#mayAtFirst = new Set(first.map(({ name }) => name));
    this.#mayLater = new Set([...first, ...second].map(({ name }) => name));
  }

  /** What the real one has to say to it; null where it says nothing. */
  step(action: Action): string | null {
    if (action.do === "answer") return this.#answer(action.person.name, action.answer, action.digest);
    if (action.do === "wait") this.nowMs += action.ms;
    if (action.do === "timers") this.#passTime();
    if (action.do === "cancel" && this.state === "pending") this.state = "void";
    return null;
  }

  seen(): Seen {
    return { state: this.state, deadlineMs: this.deadlineMs, yes: this.yes };
  }

  #answer(name: string, answer: Answer, digest: string): string {
    const { kind, requester, isOtherPlan, count } = this.#question;
    const isNo = answer === "reject" || answer === "stop";
    const isForFailures = answer !== "approve" && answer !== "reject";
    if (this.state !== "pending") return "already_decided";
    if (this.nowMs >= this.deadlineMs) return "too_late";
    if (isForFailures !== (kind === "failed_step")) return "not_offered";
    if (digest === "wrong" || (isOtherPlan && !isNo)) return "other_plan";
    if (name === requester && !isNo) return "own_request";
    if (name !== requester && !(this.#hasPassed ? this.#mayLater : this.#mayAtFirst).has(name))
      return "not_allowed";
    if (this.#spoken.has(name)) return "already_answered";
    this.#spoken.add(name);
    if (answer === "approve") this.yes.push(name);
    if (answer === "approve" && this.yes.length < count) return "counted";
    const ends = {
      approve: "approved",
      reject: "rejected",
      retry: "retried",
      skip: "skipped",
      stop: "stopped",
    };
    this.state = ends[answer];
    return "decided";
  }

  #passTime(): void {
    if (this.state !== "pending" || this.nowMs < this.deadlineMs) return;
    if (this.#question.thenAsk !== null && !this.#hasPassed) {
      this.#hasPassed = true;
      this.deadlineMs = this.nowMs + this.#question.timeoutMs;
    } else this.state = "expired";
  }
}

function isNamed(person: ModelPerson, name: string): boolean {
  if (name === "everyone") return true;
  const [kind, rest = ""] = name.split(":");
  return kind === "user" ? person.name === rest : person.groups.includes(rest);
}
