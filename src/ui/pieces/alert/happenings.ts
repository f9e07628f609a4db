import type { AlertDetails, AlertSilence, Approval, Decision, Run } from "../../api/types.ts";
import { decisionText, statusOfDecision, whatWouldChange } from "../decision-words.ts";

// What happened to an alert, in the order of time: the list below its line, and the signs on it.

/** An alert with everything that was done about it. */
export interface Life {
  readonly alert: AlertDetails;
  readonly runs: readonly Run[];
  readonly approvals: readonly Approval[];
}

export interface Happening {
  readonly key: string;
  readonly at: string;
  /** The status whose sign it has. */
  readonly status: string;
  readonly title: string;
  /** More of it, each one sentence. */
  readonly texts: readonly string[];
  /** When it is looked at again; null where it is not. */
  readonly retryAt: string | null;
  readonly run: string | null;
  readonly approval: string | null;
  readonly rule: string | null;
  /** Whether the line shows it by a bar of its own. */
  readonly isOfBar: boolean;
}

type Parts = Pick<Happening, "key" | "at" | "status" | "title"> & Partial<Happening>;

function happening(parts: Parts): Happening {
  return { texts: [], retryAt: null, run: null, approval: null, rule: null, isOfBar: false, ...parts };
}

/** Everything, the oldest first. */
export function happeningsOf({ alert, runs, approvals }: Life): Happening[] {
  const runbooks = new Map(runs.map(({ id, runbook }) => [id, runbook]));
  const all = [
    ...beginnings(alert),
    ...alert.decisions
      .filter(({ kind }) => kind !== "closed")
      .map((decision, index) => ofDecision(decision, index, runbooks)),
    ...runs.flatMap(ofRun),
    ...approvals.flatMap(ofApproval),
    ...alert.silences.flatMap((silence) => ofSilence(silence)),
    ...ends(alert),
  ];
  return all.toSorted((left, right) => Date.parse(left.at) - Date.parse(right.at));
}

function beginnings(alert: AlertDetails): Happening[] {
  const fires = happening({ key: "fires", at: alert.starts_at, status: "firing", title: "Fires" });
  const title = `Received from ${alert.source}`;
  const repeats = alert.repeats === 0 ? [] : [`repeated ${alert.repeats} times since`];
  return [
    fires,
    happening({ key: "received", at: alert.received_at, status: "queued", title, texts: repeats }),
  ];
}

function ofDecision(decision: Decision, index: number, runbooks: ReadonlyMap<string, string>): Happening {
  const { at, kind, rule, reason, run, detail } = decision;
  const retryAt = detail["retry_at"];
  const wouldRun = detail["would_run"];
  const change = whatWouldChange(reason);
  return happening({
    key: `decision-${index}`,
    at,
    status: statusOfDecision(kind),
    title: firstUpper(decisionText(decision, run === null ? null : (runbooks.get(run) ?? null))),
    texts: [
      ...(typeof wouldRun === "string" ? [`it would have run ${wouldRun}`] : []),
      ...guardTexts(detail),
      ...(change === null ? [] : [change]),
    ],
    retryAt: typeof retryAt === "string" ? retryAt : null,
    run,
    rule,
  });
}

/** What each guard that spoke against it said. */
function guardTexts(detail: Decision["detail"]): string[] {
  const { text, against } = detail;
  const first = typeof text === "string" ? [text] : [];
  const others = (Array.isArray(against) ? against : []).flatMap((each: unknown) =>
    typeof each === "object" && each !== null && "text" in each && typeof each.text === "string"
      ? [each.text]
      : [],
  );
  return [...new Set([...first, ...others])];
}

function ofRun(run: Run): Happening[] {
  const about = { run: run.id, isOfBar: true };
  const where = run.hosts.length === 0 ? "" : ` on ${run.hosts.slice(0, 3).join(", ")}`;
  const because = run.outcome_because === null ? [] : [run.outcome_because];
  const began =
    run.started_at === null
      ? []
      : [
          happening({
            ...about,
            key: `began-${run.id}`,
            at: run.started_at,
            status: "running",
            title: `${run.runbook} begins${where}`,
          }),
        ];
  if (run.finished_at === null) return began;
  const told = [run.message, run.summary].filter((text) => text !== null);
  const outcome = run.outcome === null ? [] : [`outcome: ${run.outcome.replaceAll("_", " ")}`];
  return [
    ...began,
    happening({
      ...about,
      key: `ended-${run.id}`,
      at: run.finished_at,
      status: run.status,
      title: `${run.runbook} ${run.status.replaceAll("_", " ")}${run.failed_step === null ? "" : ` at step ${run.failed_step}`}`,
      texts: [...told, ...outcome, ...because],
    }),
  ];
}

const ANSWERED: Readonly<Record<string, string>> = {
  approve: "says yes",
  reject: "says no",
  retry: "has it tried again",
  skip: "goes on without it",
  stop: "ends it",
};

function ofApproval(approval: Approval): Happening[] {
  const about = { run: approval.run, approval: approval.id, isOfBar: true };
  const asked = happening({
    ...about,
    key: `asked-${approval.id}`,
    at: approval.requested_at,
    status: "waiting_person",
    title: "People are asked",
    texts: [approval.message],
  });
  const said = approval.said.map((vote) =>
    happening({
      ...about,
      key: `said-${approval.id}-${vote.by}`,
      at: vote.at,
      status: vote.answer === "approve" ? "approved" : vote.answer === "reject" ? "rejected" : "queued",
      title: `${vote.by} ${ANSWERED[vote.answer] ?? vote.answer}`,
      texts: vote.comment === null ? [] : [vote.comment],
    }),
  );
  const isUnanswered = approval.status === "expired" || approval.status === "void";
  if (!isUnanswered || approval.decided_at === null) return [asked, ...said];
  const title = approval.status === "expired" ? "Nobody has answered in time" : "The question is void";
  const ended = { ...about, key: `ended-${approval.id}`, at: approval.decided_at, status: "expired", title };
  return [asked, ...said, happening(ended)];
}

function ofSilence({ run, step, source, made, asked_at, ends_at, lifted_at }: AlertSilence): Happening[] {
  const about = { run, isOfBar: true };
  const key = `${run}-${step ?? ""}-${source}`;
  const of = step === null ? "" : ` by step ${step}`;
  const asked =
    asked_at === null
      ? []
      : [
          happening({
            ...about,
            key: `silence-${key}`,
            at: asked_at,
            status: "skipped",
            title: `Silence asked of ${source}${of}`,
            texts: made ? [] : ["it is not known whether it was made"],
          }),
        ];
  const end = { ...about, key: `lifted-${key}`, at: lifted_at ?? ends_at, status: "skipped" };
  const title = lifted_at === null ? `Silence at ${source} ends` : `Silence at ${source} lifted`;
  return [...asked, happening({ ...end, title })];
}

function ends(alert: AlertDetails): Happening[] {
  if (alert.closed_at === null) return [];
  const text = alert.decisions.findLast(({ kind }) => kind === "closed")?.detail["text"];
  const texts = typeof text === "string" ? [text] : [];
  const title =
    alert.status === "resolved"
      ? "Resolved"
      : alert.status === "stale"
        ? "Stale: nothing was heard"
        : "Ended";
  const { status, ends_at: endsAt, closed_at: closedAt } = alert;
  if (endsAt === null || Math.abs(Date.parse(closedAt) - Date.parse(endsAt)) < NEAR_MS)
    return [happening({ key: "end", at: closedAt, status, title, texts })];
  return [
    happening({ key: "end", at: endsAt, status, title, texts }),
    happening({ key: "learned", at: closedAt, status: "queued", title: "Its end was received" }),
  ];
}

/** Two words for one moment. */
const NEAR_MS = 1_000;

function firstUpper(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
