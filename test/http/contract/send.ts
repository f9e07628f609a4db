import type { Call } from "./calls.ts";
import type { DocumentedOperation, Json, Schemas } from "./document.ts";
import type { World } from "./world.ts";

export interface Answer {
  readonly status: number;
  readonly mediaType: string | null;
  readonly headers: Headers;
  readonly text: string;
}

/** Calls an operation as its document says, with a body as it is or as JSON. */
export async function send(
  { service, tokens }: World,
  operation: DocumentedOperation,
  call: Omit<Call, "operation" | "status">,
): Promise<Answer> {
  const { who = "ada", params = {}, query = {}, headers = {}, body } = call;
  const path = operation.path.replaceAll(/\{([a-z]+)\}/g, (_, name: string) =>
    (params[name] ?? "").split("/").map(encodeURIComponent).join("/"),
  );
  const url = new URL(`${service.app.url}/api/v1${path}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const response = await fetch(url, {
    method: operation.method,
    redirect: "manual",
    headers: {
      ...(who === null ? {} : { authorization: `Bearer ${tokens[who]}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  }).catch((error: unknown) => {
    const sent = typeof body === "string" ? `${body.length} characters` : JSON.stringify(body);
    throw new Error(`${operation.id} ${url.href} with ${sent} got no answer`, { cause: error });
  });
  const text = await response.text();
  const mediaType = response.headers.get("content-type")?.split(";")[0] ?? null;
  return { status: response.status, mediaType, headers: response.headers, text };
}

/** In what an answer is not what the document says. */
export function mismatches(schemas: Schemas, operation: DocumentedOperation, answer: Answer): string[] {
  const { status, mediaType, headers, text } = answer;
  const documented = operation.responses[status];
  if (documented === undefined) return [`status ${status} is not in the document: ${text.slice(0, 300)}`];
  const { content = {} } = documented;
  const missing = Object.keys(documented.headers ?? {})
    // The digest of what is made while it is sent is not known before.
    .filter((name) => name !== "Repr-Digest" && !headers.has(name))
    .map((name) => `header ${name} is missing`);
  if (Object.keys(content).length === 0)
    return text === "" ? missing : [...missing, `status ${status} has a body: ${text.slice(0, 300)}`];
  const media = content[mediaType ?? ""] ?? content["*/*"];
  if (media === undefined)
    return [...missing, `${mediaType} is not among ${Object.keys(content).join(", ")}`];
  return [...missing, ...valuesIn(mediaType, text).flatMap((value) => problemsOf(schemas, media, value))];
}

function problemsOf(schemas: Schemas, media: Json, value: unknown): string[] {
  const item = media["x-nightshift-item"] as Json | undefined;
  return schemas.problems(item ?? (media["schema"] as Json), value);
}

/** What there is to be held against a schema: one value, or one for each line or event. */
function valuesIn(mediaType: string | null, text: string): unknown[] {
  if (mediaType?.endsWith("json") === true) return [JSON.parse(text)];
  if (mediaType === "application/jsonl")
    return text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
  if (mediaType === "text/event-stream")
    return [...text.matchAll(/^data: (.*)$/gm)].map(([, data = ""]) => JSON.parse(data) as unknown);
  return [text];
}
