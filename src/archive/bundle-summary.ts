import type { StepRecord } from "../runs/records.ts";
import { alertName, DRY_RUN, outcomeSentence, shownLogPath, tookFor, whereItRan } from "./bundle-facts.ts";
import type { BundleInput } from "./bundle-input.ts";
import { authored, code, plain, table, utc } from "./markdown.ts";

/** `summary.md`: what a person who was just woken needs to know, most important first. */
export function summaryMarkdown(input: BundleInput): string {
  const { run } = input;
  const parts = [
    `# ${plain(run.runbook)} on ${plain(whereItRan(input))}: ${run.state.replace("_", " ")}${run.isDryRun ? " (dry run)" : ""}`,
    opening(input),
    ...(run.summary === null ? [] : [`## The runbook's own words\n\n${authored(run.summary)}`]),
    `## What happened\n\n${timeline(input)}`,
    `## What failed or gave nothing\n\n${troubles(input)}`,
    `## Who was told\n\n${told(input)}`,
    ...(input.notes.length === 0 ? [] : [`## Notes\n\n${notes(input)}`]),
  ];
  return `${parts.join("\n\n")}\n`;
}

function opening(input: BundleInput): string {
  const { run } = input;
  const [first] = input.episodes;
  const lines = [
    `- Result: **${run.state.replace("_", " ")}**${run.message === null ? "" : `. ${plain(run.message)}`}`,
  ];
  if (run.isDryRun) lines.push(`- **${DRY_RUN}**`);
  lines.push(`- Outcome: ${outcomeSentence(input)}`);
  if (first !== undefined) {
    const more = input.episodes.length > 1 ? `, and ${input.episodes.length - 1} more of its group` : "";
    lines.push(
      `- Alert: ${code(alertName(first) ?? "")} since ${plain(first.startsAt)}, now ${first.state}${more}`,
    );
  }
  lines.push(`- Time: ${whenItRan(input)}`);
  if (run.failedStep !== null) lines.push(`- Look first at: ${firstLook(input, run.failedStep)}`);
  lines.push(`- Page: ${plain(input.url)}`);
  if (!input.isComplete) lines.push("- **This is a snapshot: the run is still going on.**");
  return lines.join("\n");
}

function whenItRan({ run }: BundleInput): string {
  if (run.startedAtMs === null) return `asked for at ${utc(run.createdAtMs)}, never started`;
  if (run.finishedAtMs === null) return `started at ${utc(run.startedAtMs)}, not ended`;
  return `${utc(run.startedAtMs)} to ${utc(run.finishedAtMs)} (${tookFor(run.startedAtMs, run.finishedAtMs)})`;
}

function firstLook(input: BundleInput, stepId: string): string {
  const step = input.steps.find((candidate) => candidate.id === stepId);
  if (step === undefined) return code(stepId);
  const isProcess = step.verb === "run" || step.verb === "command";
  return `${code(stepId)}${isProcess ? `, ${code(shownLogPath(step, "stderr"))}` : ""}`;
}

function timeline(input: BundleInput): string {
  if (input.steps.length === 0) return "No step was planned.";
  const rows = input.steps.map((step) => [
    step.startedAtMs === null ? "–" : utc(step.startedAtMs).slice(11, 19),
    code(step.id),
    plain(step.host ?? "–"),
    step.effect,
    resultOf(step),
    tookFor(step.startedAtMs, step.finishedAtMs) ?? "–",
  ]);
  return `Times are UTC.\n\n${table(["at", "step", "host", "effect", "result", "took"], rows)}`;
}

function resultOf(step: StepRecord): string {
  const state =
    step.state === "succeeded" || step.state === "skipped"
      ? step.state
      : `**${step.state.replace("_", " ")}**`;
  const exit = step.exitCode !== null && step.exitCode !== 0 ? ` (exit ${step.exitCode})` : "";
  const tries = step.attempts > 1 ? `, ${step.attempts} tries` : "";
  return `${state}${exit}${tries}${step.message === null ? "" : `: ${plain(step.message)}`}`;
}

function notes(input: BundleInput): string {
  return input.notes
    .map(({ atMs, principal, text }) => `- ${utc(atMs)}, ${code(principal)}: ${plain(text)}`)
    .join("\n");
}

const PROBLEMS_SHOWN = 20;

function troubles(input: BundleInput): string {
  if (input.problems.length === 0) return "Nothing was missed while gathering.";
  const shown = input.problems
    .slice(0, PROBLEMS_SHOWN)
    .map(
      ({ stepId, path, message }) =>
        `- ${stepId === null ? "" : `${code(stepId)}: `}${code(path)}: ${plain(message)}`,
    );
  const rest = input.problems.length - shown.length;
  return [...shown, ...(rest > 0 ? [`- and ${rest} more, all in \`errors.txt\``] : [])].join("\n");
}

function told(input: BundleInput): string {
  const lines = [...toldBySteps(input), ...toldByNotices(input)];
  if (lines.length === 0) return input.isComplete ? "Nobody." : "Nobody so far.";
  return lines.join("\n");
}

function toldBySteps(input: BundleInput): string[] {
  if (input.run.isDryRun) return [];
  return input.steps.flatMap(({ id, verb, state, attempts, finishedAtMs }) => {
    if (verb !== "notify" || attempts === 0 || finishedAtMs === null) return [];
    return [
      `- step ${code(id)}: ${state === "succeeded" ? "told" : "**not reached**"}, ${utc(finishedAtMs)}`,
    ];
  });
}

function toldByNotices(input: BundleInput): string[] {
  return input.notices.map(({ atMs, to, event, isDelivered, message }) => {
    const result = isDelivered ? "told" : `**not reached**${message === null ? "" : ` (${plain(message)})`}`;
    return `- ${plain(to)}: ${result}, ${utc(atMs)}, about ${code(event)}`;
  });
}

/** `errors.txt`: what failed or gave nothing, one line each, for `grep`. */
export function errorsText(input: BundleInput): string {
  const failed = input.steps
    .filter((step) => ["failed", "timed_out", "interrupted", "cancelled", "rejected"].includes(step.state))
    .map((step) => `step ${step.id}: ${step.state}${step.message === null ? "" : `: ${line(step.message)}`}`);
  const missed = input.problems.map(
    ({ stepId, path, message }) =>
      `${stepId === null ? "run" : `step ${stepId}`}: ${line(path)}: ${line(message)}`,
  );
  const lines = [...failed, ...missed];
  return `${lines.length === 0 ? "Nothing failed, and nothing was missed." : lines.join("\n")}\n`;
}

function line(text: string): string {
  return JSON.stringify(text.toWellFormed()).slice(1, -1).replaceAll('\\"', '"');
}
