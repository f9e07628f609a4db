import type { NoticeEvent } from "../notify/events.ts";
import type { Run } from "../runs/records.ts";
import { type EngineDependencies, runUrl } from "./dependencies.ts";

/** Title and text of a notice; both plain text, for any channel. */
export function noticeFor(
  dependencies: EngineDependencies,
  run: Run,
  event: NoticeEvent,
): { title: string; text: string; url: string } {
  const url = runUrl(dependencies, run.id);
  const hosts = run.plan.hosts.map((host) => host.name).join(", ") || "no host";
  const title = `${run.runbook} on ${hosts}: ${TITLES[event]}`;
  const at = run.failedStep === null ? "" : ` at step ${run.failedStep}`;
  const why = run.message === null ? "" : `: ${run.message}`;
  const text = `${run.cause.title}\n${TITLES[event]}${at}${why}\nEvidence and log: ${url}`;
  return { title, text, url };
}

const TITLES: Readonly<Record<NoticeEvent, string>> = {
  failed: "the run failed",
  interrupted: "the run was cut off in the middle of a change; look at the host before anything is repeated",
  no_effect: "the change did not help, the alert still fires",
  worse: "it became worse after the change",
  unknown: "whether the change helped is not known",
  breaker_open: "the rule's breaker has opened: it starts nothing until it is reset",
  relapse: "the alert came back after a run",
  stale: "nothing is heard of the alert any more",
  approval: "a person has to say yes or no before it starts",
};
