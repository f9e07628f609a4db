import { runbookAddressPolicy } from "../outbound/address-policy.ts";
import { createHttpClient, type HttpResponse } from "../outbound/http-client.ts";
import { OutboundError } from "../outbound/outbound-error.ts";
import type { Step } from "../runbooks/runbook.ts";
import type { HttpSpec } from "../runbooks/verbs/http.ts";
import type { AttemptResult, StepContext } from "../runs/step-context.ts";
import { ended, failed, succeeded } from "./attempt-result.ts";

/** More of an answer is not read: it is kept in memory for expressions. */
const BODY_BYTES_MAX = 1024 * 1024;

const WHO_MAY_BE_REACHED =
  "a runbook reaches the hosts of the inventory and those of its http_hosts, loopback only when they name it";

/**
 * `http`: one request to a host of the inventory or of `http_hosts`. The answer's body is the step's stdout. Any answer
 * succeeds where the runbook judges it itself (`until`, `fail_if`); otherwise 400 and above is a failure.
 */
export async function sendRequest(
  context: StepContext,
  spec: HttpSpec,
  inventory: readonly string[],
): Promise<AttemptResult> {
  const policy = runbookAddressPolicy({
    httpHosts: context.httpHosts,
    inventory,
  });
  try {
    const response = await createHttpClient(policy).request({
      method: spec.method,
      url: spec.url,
      ...payloadOf(spec),
      timeoutMs: context.timeoutMs,
      bodyBytesMax: BODY_BYTES_MAX,
      signal: context.signal,
    });
    return describe(context, response);
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error;
    const { didNotStart } = error;
    const message =
      error.code === "address-refused" ? `${error.message}; ${WHO_MAY_BE_REACHED}` : error.message;
    if (context.signal.aborted) return ended("cancelled", "was stopped", { didNotStart });
    return error.code === "timeout"
      ? ended("timed_out", message, { didNotStart })
      : failed(message, { didNotStart });
  }
}

function payloadOf({ payload, headers }: HttpSpec): { headers: Record<string, string>; body?: string } {
  switch (payload.kind) {
    case "none":
      return { headers };
    case "text":
      return { headers, body: payload.text };
    case "json":
      return {
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(payload.json),
      };
  }
}

function describe(context: StepContext, response: HttpResponse): AttemptResult {
  const { status, headers } = response;
  context.output.stdout.write(response.body);
  const cut = response.isTruncated ? `, cut after ${BODY_BYTES_MAX} bytes` : "";
  context.output.stderr.write(Buffer.from(`HTTP ${status}, ${response.body.byteLength} bytes${cut}\n`));
  const body = response.body.toString("utf8");
  const json = jsonOf(headers["content-type"], body);
  return judgeAnswer(context.step, { response: { status, headers, body }, json });
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

function jsonOf(contentType: string | undefined, body: string): unknown {
  if (!/[/+]json\b/i.test(contentType ?? "")) return null;
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}
