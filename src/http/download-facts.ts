import { z } from "zod";
import { problemSchema } from "./api/shapes/common.ts";
import { type Answer, empty, type RequestHeader } from "./operation.ts";

// What `sendDownload` reads and answers, as the API's document has it.

export const downloadHeaders: readonly RequestHeader[] = [
  { name: "Range", description: "One range of bytes, such as `bytes=1000-`.", schema: z.string() },
  { name: "If-None-Match", description: "An ETag: 304 when the file is still that one.", schema: z.string() },
  {
    name: "If-Range",
    description: "An ETag: the range only while the file is still that one, otherwise all of it.",
    schema: z.string(),
  },
];

const ANSWER_HEADERS = [
  { name: "ETag", description: "Stands for exactly these bytes." },
  { name: "Accept-Ranges", description: "`bytes`." },
  { name: "Content-Disposition", description: "The name of the file." },
  { name: "Repr-Digest", description: "SHA-256 of the whole file (RFC 9530), where it is known." },
];

export function downloadAnswers(
  description: string,
  mediaTypes: readonly string[],
): Readonly<Record<number, Answer>> {
  return {
    200: { kind: "media", mediaTypes, description, headers: ANSWER_HEADERS },
    206: {
      kind: "media",
      mediaTypes,
      description: "The range that was asked for.",
      headers: [...ANSWER_HEADERS, { name: "Content-Range", description: "Which range of how many bytes." }],
    },
    304: empty("The caller has it already."),
  };
}

export const downloadProblems = { 416: problemSchema } as const;
