import { z } from "zod";
import { type AlertsApiOptions, messageOf, readAnswer, requestApi } from "./alerts-request.ts";
import { type Annotation, type AnnotationsApi, SourceApiError } from "./source-api.ts";

const madeSchema = z.object({ id: z.number() });

/**
 * Grafana's annotations, by `POST /api/annotations`, 4.6 and later:
 * https://grafana.com/docs/grafana/latest/developer-resources/api-reference/http-api/annotations/. The first server that
 * takes one is enough: those of one Grafana share their database.
 */
export function createAnnotationsApi(options: Omit<AlertsApiOptions, "path" | "clock">): AnnotationsApi {
  const asked = { ...options, path: "/api" };
  return {
    async annotate(annotation, signal) {
      const reasons: string[] = [];
      for (const url of options.urls) {
        try {
          const body = bodyOf(annotation);
          const response = await requestApi(
            url,
            { method: "POST", path: "/annotations", body, signal },
            asked,
          );
          return readAnswer(response, madeSchema, "the id of an annotation");
        } catch (error) {
          reasons.push(messageOf(error));
        }
      }
      throw new SourceApiError(
        `the annotation could not be made: ${reasons.join("; ") || "no url is configured"}`,
      );
    },
  };
}

/** Times are milliseconds; a member that is left out is not asked for. */
function bodyOf(annotation: Annotation): Record<string, unknown> {
  const { text, tags, timeMs, timeEndMs, dashboardUid, panelId } = annotation;
  return {
    text,
    tags,
    time: timeMs,
    ...(timeEndMs === null ? {} : { timeEnd: timeEndMs }),
    ...(dashboardUid === null ? {} : { dashboardUID: dashboardUid }),
    ...(panelId === null ? {} : { panelId }),
  };
}
