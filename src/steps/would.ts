import type { Host } from "../hosts/host.ts";
import { formatDurationMs } from "../platform/durations.ts";
import type { Specs, Step } from "../runbooks/runbook.ts";
import type { ShownStep } from "../runs/step-context.ts";

/** What a step would do, in words for people; ends with a line feed. */
export function wouldText(step: Step, shown: ShownStep, host: Host): string {
  const where = ` on ${host.name}${step.become === null ? "" : ` as ${step.become}`}`;
  return [...linesOf(step, shown.spec, where), ...environmentOf(step, shown)]
    .map((line) => `${line}\n`)
    .join("");
}

function linesOf({ verb }: Step, spec: unknown, where: string): string[] {
  switch (verb) {
    case "run": {
      const { script, shell } = spec as Specs["run"];
      return [`would run this script with ${shell}${where}:`, ...indented(script.trimEnd())];
    }
    case "command":
      return [`would run this command${where}:`, ...indented(JSON.stringify(spec))];
    case "put":
      return putLines(spec as Specs["put"], where);
    case "http":
      return httpLines(spec as Specs["http"]);
    case "notify": {
      const { to, title, text } = spec as Specs["notify"];
      const head = title === null ? [] : indented(title);
      return [`would tell ${to}:`, ...head, ...indented(text.trimEnd())];
    }
    case "silence": {
      const { source, matchers, forMs } = spec as Specs["silence"];
      const labels = matchers.map(
        ({ name, operator, value }) => `  ${name}${operator}${JSON.stringify(value)}`,
      );
      return [`would silence at ${source}, for ${formatDurationMs(forMs)} at most:`, ...labels];
    }
    case "annotate": {
      const { source, text, tags } = spec as Specs["annotate"];
      const tagged = tags.length === 0 ? "" : ` with the tags ${tags.join(", ")}`;
      return [`would mark at ${source}${tagged}:`, ...indented(text.trimEnd())];
    }
    case "collect":
      return [`would gather${where}:`, ...indented(JSON.stringify(spec))];
    case "prometheus":
      return ["would ask Prometheus:", ...indented((spec as Specs["prometheus"]).query)];
    case "approve": {
      const { from, count, timeoutMs, message } = spec as Specs["approve"];
      const whom = from.length === 0 ? "those who may approve" : from.join(", ");
      const asked = message === null ? [] : indented(message.trimEnd());
      return [`would ask ${whom} for the yes of ${count}, for ${formatDurationMs(timeoutMs)}:`, ...asked];
    }
    case "wait": {
      const { durationMs } = spec as Specs["wait"];
      return [durationMs === null ? "would wait" : `would wait ${formatDurationMs(durationMs)}`];
    }
    // The engine goes through the steps inside; each says what it would do.
    case "for_each":
    case "runbook":
      throw new Error(`a step with ${verb} has no attempts`);
  }
}

function putLines({ to, mode, owner, isBackedUp }: Specs["put"], where: string): string[] {
  const how = [
    ...(mode === null ? [] : [`mode ${mode}`]),
    ...(owner === null ? [] : [`owner ${owner}`]),
    ...(isBackedUp ? ["the old file kept beside it"] : []),
  ];
  return [`would write ${to}${where}${how.length === 0 ? "" : `: ${how.join(", ")}`}`];
}

function httpLines({ method, url, headers, payload }: Specs["http"]): string[] {
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const body =
    payload.kind === "none"
      ? []
      : ["", ...(payload.kind === "json" ? JSON.stringify(payload.json, null, 2) : payload.text).split("\n")];
  return [`would send:`, ...[`${method} ${url}`, ...fields, ...body].map((line) => `  ${line}`)];
}

function environmentOf({ verb }: Step, { env }: ShownStep): string[] {
  const entries = Object.entries(env);
  if (entries.length === 0 || (verb !== "run" && verb !== "command")) return [];
  return ["with:", ...entries.map(([name, value]) => `  ${name}=${value}`)];
}

function indented(text: string): string[] {
  return text.split("\n").map((line) => `  ${line}`);
}
