import type { SecureContext } from "node:tls";
import { runbookAddressPolicy } from "../outbound/address-policy.ts";
import { createHttpClient, type HttpResponse } from "../outbound/http-client.ts";
import { OutboundError } from "../outbound/outbound-error.ts";
import { formatBytes } from "../platform/bytes.ts";
import type { Step } from "../runbooks/runbook.ts";
import type { HttpSpec } from "../runbooks/verbs/http.ts";
import type { AttemptResult, StepContext } from "../runs/step-context.ts";
import { ended, failed, succeeded } from "./attempt-result.ts";
import { parseResultJson } from "./json-result.ts";
import { saveEvidence } from "./save-evidence.ts";

/** What a step sends. More than this is a file, and moved in another way. */
const REQUEST_BYTES_MAX = 1024 ** 2;
/** What later expressions see of an answer: it is kept with the step. */
const SEEN_BYTES_MAX = 1024 ** 2;

const WHO_MAY_BE_REACHED =
  "a runbook reaches the hosts of the inventory and those of its http_hosts, loopback only when they name it";

export interface HttpReach {
  /** Names and addresses of the inventory's hosts. */
  readonly inventory: readonly string[];
  /** Which certificates are believed; null for Node's own list. */
  readonly trust: SecureContext | null;
}

/**
 * `http`: one request to a host of the inventory or of `http_hosts`. The answer's body is the step's stdout, and with
 * `save_as` a file of the bundle. Any answer succeeds where the runbook judges it itself (`until`, `fail_if`); otherwise 400
 * and above is a failure. A request that may not be sent fails for good.
 */
export async function sendRequest(
  context: StepContext,
  spec: HttpSpec,
  { inventory, trust }: HttpReach,
): Promise<AttemptResult> {
  const policy = runbookAddressPolicy({ httpHosts: context.httpHosts, inventory });
  const { headers, body } = payloadOf(spec);
  const bodyBytes = Buffer.byteLength(body ?? "");
  if (bodyBytes > REQUEST_BYTES_MAX) {
    const message = `the request's body has ${formatBytes(bodyBytes)}, more than ${formatBytes(REQUEST_BYTES_MAX)}`;
    return failed(message, { didNotStart: true, isPermanent: true });
  }
  let response: HttpResponse;
  try {
    response = await createHttpClient(policy, { trust }).request({
      method: spec.method,
      url: spec.url,
      headers,
      ...(body === null ? {} : { body }),
      timeoutMs: context.timeoutMs,
      bodyBytesMax: spec.bodyBytesMax,
      signal: context.signal,
    });
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error;
    return describeFailure(context, error);
  }
  return keepAnswer(context, spec, response);
}

function describeFailure(context: StepContext, error: OutboundError): AttemptResult {
  const { code, didNotStart } = error;
  if (context.signal.aborted) return ended("cancelled", "was stopped", { didNotStart });
  if (code === "timeout") return ended("timed_out", error.message, { didNotStart });
  const isPermanent = code === "address-refused" || code === "invalid-request";
  const message = code === "address-refused" ? `${error.message}; ${WHO_MAY_BE_REACHED}` : error.message;
  return failed(message, { didNotStart, isPermanent });
}

function payloadOf({ payload, headers }: HttpSpec): {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
} {
  switch (payload.kind) {
    case "none":
      return { headers, body: null };
    case "text":
      return { headers, body: payload.text };
    case "json":
      return {
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(payload.json),
      };
  }
}

async function keepAnswer(
  context: StepContext,
  spec: HttpSpec,
  response: HttpResponse,
): Promise<AttemptResult> {
  const { status, headers, body, isTruncated } = response;
  const seen = body.subarray(0, SEEN_BYTES_MAX);
  const text = seen.toString("utf8");
  const isWhole = !isTruncated && seen.byteLength === body.byteLength;
  const json = isWhole && saysJson(headers["content-type"]) ? parseResultJson(text) : undefined;
  if (spec.saveAs !== null) {
    const { extension, contentType } = fileTypeOf(headers["content-type"], json !== undefined);
    const path = `responses/${spec.saveAs}.${extension}`;
    await saveEvidence(context, path, body, { contentType, isTruncated });
  }
  context.output.stdout.write(body);
  const cut = isTruncated ? `, cut after ${formatBytes(spec.bodyBytesMax)}` : "";
  context.output.stderr.write(Buffer.from(`HTTP ${status}, ${body.byteLength} bytes${cut}\n`));
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding !== "identity")
    context.output.stderr.write(
      Buffer.from("the body is encoded although that was not asked for; it is kept as it came\n"),
    );
  return judgeAnswer(context.step, { response: { status, headers, body: text }, json: json ?? null });
}

type Answer = Pick<AttemptResult, "json"> & { readonly response: NonNullable<AttemptResult["response"]> };

/** What a whole answer means for its step. */
export function judgeAnswer(step: Pick<Step, "until" | "failIf">, answer: Answer): AttemptResult {
  const { status } = answer.response;
  const isJudgedByRunbook = step.until !== null || step.failIf !== null;
  return status < 400 || isJudgedByRunbook
    ? succeeded(answer)
    : failed(`the answer was HTTP ${status}`, answer);
}

function saysJson(contentType = ""): boolean {
  return /[/+]json\b/i.test(contentType);
}

/** A web page is kept as text: nothing of it is to act in the browser of whoever opens the bundle. */
function fileTypeOf(contentType = "", isJson: boolean): { extension: string; contentType: string } {
  if (isJson) return { extension: "json", contentType: "application/json" };
  const isText = saysJson(contentType) || /^text\/|[/+](?:xml|javascript|yaml)\b/i.test(contentType);
  return isText
    ? { extension: "txt", contentType: "text/plain; charset=utf-8" }
    : { extension: "bin", contentType: "application/octet-stream" };
}
