import { z } from "zod";
import { CONNECTION_HEADERS } from "../../platform/http-headers.ts";
import { bytesSchema, timeLimitSchema, nameSchema, textSchema, wordSchema } from "../../platform/schemas.ts";

export const HTTP_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const;
export type HttpMethod = (typeof HTTP_METHODS)[number];

export interface HttpSpec {
  readonly method: HttpMethod;
  /** Values in it are placed by `http-url.ts`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload:
    | { readonly kind: "none" }
    /** Strings in it that are one `${{ }}` keep the type of their value. */
    | { readonly kind: "json"; readonly json: unknown }
    | { readonly kind: "text"; readonly text: string };
  /** More of the answer's body is not read. */
  readonly bodyBytesMax: number;
  /** The name of the file that keeps the answer's body; null for none. */
  readonly saveAs: string | null;
}

const BODY_BYTES_DEFAULT = 1024 ** 2;
/** An answer is in memory until it is stored. */
const BODY_BYTES_MAX = 16 * 1024 ** 2;

const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;

const urlSchema = textSchema
  .refine((url) => /^(https?:\/\/|\$\{\{)/.test(url), "a URL begins with http:// or https://")
  .refine((url) => !/^https?:\/\/[^/]*@/.test(url), "a URL has no user or password in it; use headers");

const headersSchema = z
  .record(z.string(), textSchema.regex(/^[^\r\n\0]*$/, "a header's value is one line"))
  .superRefine((headers, context) => {
    for (const name of Object.keys(headers)) {
      if (!HEADER_NAME.test(name))
        context.addIssue({ code: "custom", path: [name], message: "this is no header name" });
      if (CONNECTION_HEADERS.includes(name.toLowerCase()))
        context.addIssue({ code: "custom", path: [name], message: `${name} is set by Nightshift itself` });
    }
  });

export const httpSchema = z
  .strictObject({
    method: wordSchema(HTTP_METHODS).default("GET"),
    url: urlSchema,
    headers: headersSchema.default({}),
    json: z.json().optional(),
    body: textSchema.optional(),
    max_body: bytesSchema
      .refine((bytes) => bytes > 0 && bytes <= BODY_BYTES_MAX, "max_body is between 1B and 16MiB")
      .optional()
      .meta({ description: "Of the answer; the rest is not read. Default 1MiB" }),
    save_as: nameSchema
      .optional()
      .meta({ description: "Keeps the answer's body in the bundle's responses/ under this name" }),
    timeout: timeLimitSchema.optional().meta({ description: "The same as the step's timeout" }),
  })
  .refine(
    (http) => http.json === undefined || http.body === undefined,
    "an http step has json or body, not both",
  )
  .refine(
    (http) => !["GET", "HEAD"].includes(http.method) || (http.json === undefined && http.body === undefined),
    "GET and HEAD send no body",
  )
  .transform((http): HttpSpec & { readonly timeoutMs: number | undefined } => ({
    method: http.method,
    url: http.url,
    headers: http.headers,
    payload: payloadOf(http.json, http.body),
    bodyBytesMax: http.max_body ?? BODY_BYTES_DEFAULT,
    saveAs: http.save_as ?? null,
    timeoutMs: http.timeout,
  }));

function payloadOf(json: unknown, text: string | undefined): HttpSpec["payload"] {
  if (json !== undefined) return { kind: "json", json };
  return text === undefined ? { kind: "none" } : { kind: "text", text };
}
