import { z } from "zod";
import type { Artifact } from "../../../runs/records.ts";
import { countSchema, digestSchema, type Shape } from "./common.ts";

export const artifactSchema = z
  .object({
    path: z.string(),
    size: countSchema,
    sha256: digestSchema,
    step: z.string().nullable(),
    host: z.string().nullable(),
    content_type: z.string(),
    truncated: z.boolean(),
    changed: z.boolean(),
    sensitive: z.boolean(),
    url: z.string(),
  })
  .meta({ id: "Artifact" });

export function artifactShape(externalUrl: string, artifact: Artifact): Shape<typeof artifactSchema> {
  const path = artifact.path.split("/").map(encodeURIComponent).join("/");
  return {
    path: artifact.path,
    size: artifact.bytes,
    sha256: artifact.sha256,
    step: artifact.stepId,
    host: artifact.host,
    content_type: artifact.contentType,
    truncated: artifact.isTruncated,
    changed: artifact.isChanged,
    sensitive: artifact.isSensitive,
    url: `${externalUrl}/api/v1/runs/${artifact.runId}/artifacts/${path}`,
  };
}
