import { z } from "zod";
import { type AlertsApiOptions, checkStatus, messageOf, readAnswer, requestApi } from "./alerts-request.ts";
import { type SilenceMark, type SilenceWish, SourceApiError } from "./source-api.ts";

/** Who made a silence, as people see it at the source; and how ours are told from others. */
export const SILENCE_AUTHOR = "nightshift";

/** Others add members, so unknown ones are let through. */
const silenceSchema = z.object({
  id: z.string(),
  createdBy: z.string(),
  comment: z.string(),
  status: z.object({ state: z.string() }),
});
type ListedSilence = z.output<typeof silenceSchema>;

const madeSchema = z.object({ silenceID: z.string().min(1) });

/**
 * Makes the silence at the first server that takes it; servers of a cluster tell one another. None is made where any of them
 * has one with the mark already.
 */
export async function makeSilence(
  wish: SilenceWish,
  signal: AbortSignal,
  options: AlertsApiOptions,
): Promise<string> {
  const lists = await Promise.allSettled(options.urls.map((url) => listMarked(url, wish, signal, options)));
  const reasons: string[] = [];
  for (const list of lists) {
    if (list.status === "rejected") reasons.push(messageOf(list.reason));
    const known = list.status === "fulfilled" ? list.value.find((silence) => !isOver(silence)) : undefined;
    if (known !== undefined) return known.id;
  }
  for (const [index, url] of options.urls.entries()) {
    if (lists[index]?.status !== "fulfilled") continue;
    try {
      return await postSilence(url, wish, signal, options);
    } catch (error) {
      reasons.push(messageOf(error));
    }
  }
  throw new SourceApiError(
    `the silence for ${nameOf(wish)} could not be made: ${reasons.join("; ") || "no url is configured"}`,
  );
}

async function postSilence(
  url: string,
  wish: SilenceWish,
  signal: AbortSignal,
  options: AlertsApiOptions,
): Promise<string> {
  const body = {
    matchers: wish.matchers.map(({ name, operator, value }) => ({
      name,
      value,
      isRegex: operator.endsWith("~"),
      isEqual: operator.startsWith("="),
    })),
    startsAt: new Date(options.clock.nowMs()).toISOString(),
    endsAt: new Date(wish.endsAtMs).toISOString(),
    createdBy: SILENCE_AUTHOR,
    comment: commentOf(wish),
  };
  const response = await requestApi(url, { method: "POST", path: "/silences", body, signal }, options);
  return readAnswer(response, madeSchema, "the id of a silence").silenceID;
}

function commentOf(wish: SilenceWish): string {
  const words = wish.comment === null ? [] : [wish.comment];
  const lifted = "Nightshift works on it, and lifts this silence when it is done.";
  return [...words, lifted, `${markText(wish)}${wish.runUrl}`].join(" ");
}

/** What is looked for in comments: of a rule's silence it never stands in that of a step, and the other way round. */
function markText(mark: SilenceMark): string {
  const name = nameOf(mark);
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}: `;
}

function nameOf({ runId, stepId }: SilenceMark): string {
  return stepId === null ? `run ${runId}` : `run ${runId}, step ${stepId}`;
}

/** Ends the marked silences wherever they are listed. One server that knew of one is enough: it tells the others. */
export async function liftSilences(
  mark: SilenceMark,
  signal: AbortSignal,
  options: AlertsApiOptions,
): Promise<void> {
  const lifts = await Promise.allSettled(options.urls.map((url) => liftAt(url, mark, signal, options)));
  if (lifts.some((lift) => lift.status === "fulfilled" && lift.value === "known")) return;
  const reasons = lifts.flatMap((lift) => (lift.status === "rejected" ? [messageOf(lift.reason)] : []));
  if (reasons.length > 0)
    throw new SourceApiError(`the silence for ${nameOf(mark)} could not be lifted: ${reasons.join("; ")}`);
}

async function liftAt(
  url: string,
  mark: SilenceMark,
  signal: AbortSignal,
  options: AlertsApiOptions,
): Promise<"known" | "unknown"> {
  const silences = await listMarked(url, mark, signal, options);
  for (const silence of silences.filter((each) => !isOver(each))) {
    const path = `/silence/${encodeURIComponent(silence.id)}`;
    const response = await requestApi(url, { method: "DELETE", path, signal }, options);
    if (response.status !== 404) checkStatus(response);
  }
  return silences.length === 0 ? "unknown" : "known";
}

/** Silences of ours with the mark, also those that are over. */
async function listMarked(
  url: string,
  mark: SilenceMark,
  signal: AbortSignal,
  options: AlertsApiOptions,
): Promise<ListedSilence[]> {
  const response = await requestApi(url, { method: "GET", path: "/silences", signal }, options);
  const listed = readAnswer(response, z.array(silenceSchema), "a list of silences");
  const text = markText(mark);
  return listed.filter(({ createdBy, comment }) => createdBy === SILENCE_AUTHOR && comment.includes(text));
}

function isOver({ status }: ListedSilence): boolean {
  return status.state === "expired";
}

/** Silences that one alert may have for us to ask about each. */
const ASKED_MAX = 20;

/** Whether all of these silences of one alert are ours. One that cannot be read is not: then it counts. */
export async function areOurs(
  url: string,
  ids: readonly string[],
  signal: AbortSignal,
  options: AlertsApiOptions,
): Promise<boolean> {
  if (ids.length > ASKED_MAX) return false;
  const authors = ids.map(async (id) => {
    const path = `/silence/${encodeURIComponent(id)}`;
    const response = await requestApi(url, { method: "GET", path, signal }, options);
    return readAnswer(response, silenceSchema, "a silence").createdBy;
  });
  const answers = await Promise.allSettled(authors);
  return answers.every((answer) => answer.status === "fulfilled" && answer.value === SILENCE_AUTHOR);
}
