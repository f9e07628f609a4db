import { z } from "zod";
import { type AlertsApiOptions, checkStatus, messageOf, readAnswer, requestApi } from "./alerts-request.ts";
import { type SilenceWish, SourceApiError } from "./source-api.ts";

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
 * has one for the run already.
 */
export async function makeSilence(
  wish: SilenceWish,
  signal: AbortSignal,
  options: AlertsApiOptions,
): Promise<string> {
  const lists = await Promise.allSettled(
    options.urls.map((url) => listOfRun(url, wish.runId, signal, options)),
  );
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
    `the silence for run ${wish.runId} could not be made: ${reasons.join("; ") || "no url is configured"}`,
  );
}

async function postSilence(
  url: string,
  wish: SilenceWish,
  signal: AbortSignal,
  options: AlertsApiOptions,
): Promise<string> {
  const body = {
    matchers: wish.matchers.map(({ name, value }) => ({ name, value, isRegex: false, isEqual: true })),
    startsAt: new Date(options.clock.nowMs()).toISOString(),
    endsAt: new Date(wish.endsAtMs).toISOString(),
    createdBy: SILENCE_AUTHOR,
    comment: `Nightshift works on it, and lifts this silence when it is done. Run ${wish.runId}: ${wish.runUrl}`,
  };
  const response = await requestApi(url, { method: "POST", path: "/silences", body, signal }, options);
  return readAnswer(response, madeSchema, "the id of a silence").silenceID;
}

/** Ends the silences of the run wherever they are listed. One server that knew of one is enough: it tells the others. */
export async function liftSilences(
  runId: string,
  signal: AbortSignal,
  options: AlertsApiOptions,
): Promise<void> {
  const lifts = await Promise.allSettled(options.urls.map((url) => liftAt(url, runId, signal, options)));
  if (lifts.some((lift) => lift.status === "fulfilled" && lift.value === "known")) return;
  const reasons = lifts.flatMap((lift) => (lift.status === "rejected" ? [messageOf(lift.reason)] : []));
  if (reasons.length > 0)
    throw new SourceApiError(`the silence for run ${runId} could not be lifted: ${reasons.join("; ")}`);
}

async function liftAt(
  url: string,
  runId: string,
  signal: AbortSignal,
  options: AlertsApiOptions,
): Promise<"known" | "unknown"> {
  const silences = await listOfRun(url, runId, signal, options);
  for (const silence of silences.filter((each) => !isOver(each))) {
    const path = `/silence/${encodeURIComponent(silence.id)}`;
    const response = await requestApi(url, { method: "DELETE", path, signal }, options);
    if (response.status !== 404) checkStatus(response);
  }
  return silences.length === 0 ? "unknown" : "known";
}

/** Silences of ours for the run, also those that are over. */
async function listOfRun(
  url: string,
  runId: string,
  signal: AbortSignal,
  options: AlertsApiOptions,
): Promise<ListedSilence[]> {
  const response = await requestApi(url, { method: "GET", path: "/silences", signal }, options);
  const listed = readAnswer(response, z.array(silenceSchema), "a list of silences");
  return listed.filter((silence) => silence.createdBy === SILENCE_AUTHOR && silence.comment.includes(runId));
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
