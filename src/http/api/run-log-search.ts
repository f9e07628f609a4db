import { z } from "zod";
import { searchLog } from "../../engine/search-log.ts";
import { ApiRoutes, mayOfRun } from "../routes.ts";
import { findStep, goneSignal, LOG_PATH, type LogDependencies, logKeys } from "./logs.ts";
import { flagParameter, numberOrNone, numberParameter } from "./query.ts";
import { problemSchema, type Shape } from "./shapes/common.ts";
import { logMatchesSchema } from "./shapes/log.ts";

const TEXT_CHARS_MAX = 300;

const searchFacts = {
  id: "searchLog",
  summary: "Lines of a log in which a text is found, and how many there are in all of it",
  description:
    "The text is looked for as it is written, in lines as they are seen: without colours and other control sequences, and of a line " +
    "that was written over what was written last. Matches are numbered from 1 to `total`: any of them can be asked for.",
  query: z.strictObject({
    ...logKeys,
    q: z
      .string()
      .min(1, "is the text to look for")
      .max(TEXT_CHARS_MAX, `is a text of at most ${TEXT_CHARS_MAX} characters`)
      .refine((text) => !/[\r\n]/.test(text), "has a line break in it; lines are looked at one by one")
      .meta({ means: { type: "string" }, description: "The text to look for." }),
    case_sensitive: flagParameter("Whether capital and small letters differ."),
    line: numberOrNone({ min: 1, max: Number.MAX_SAFE_INTEGER }, "Only matches from this line on."),
    from: numberParameter(
      { min: 1, max: Number.MAX_SAFE_INTEGER, otherwise: 1 },
      "Number of the first match that is wanted.",
    ),
    limit: numberParameter({ min: 1, max: 200, otherwise: 50 }, "Matches of one answer."),
  }),
  answers: { 200: logMatchesSchema },
  problems: { 503: problemSchema },
};

/** Searches what a step printed. */
export function runLogSearchRoutes(dependencies: LogDependencies): ApiRoutes {
  const routes = new ApiRoutes("Runs");
  routes.get(
    `${LOG_PATH}/search`,
    mayOfRun("read_evidence"),
    searchFacts,
    async (request, response, { query }) => {
      const { q: text, case_sensitive: isCaseSensitive, stream, attempt, line, limit } = query;
      const step = await findStep(dependencies, request, attempt);
      const wanted = { text, isCaseSensitive, stream, attempt, line, limit, after: query.from - 1 };
      const found = await searchLog(dependencies, step, wanted, goneSignal(response));
      const matches: Shape<typeof logMatchesSchema> = {
        step: step.id,
        stream,
        attempt: attempt ?? step.attempts,
        total: found.total,
        complete: found.isComplete,
        matches: [...found.matches],
      };
      response.json(matches);
    },
  );
  return routes;
}
