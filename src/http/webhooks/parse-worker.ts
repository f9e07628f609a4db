import { parentPort } from "node:worker_threads";
import { DeliveryError } from "../../alerts/alert.ts";
import { compileMapping } from "../../alerts/mapping.ts";
import { normaliseDelivery } from "../../alerts/normalise.ts";
import type { ParseAnswer, ParseTask } from "./body-parser.ts";

// The other end of body-parser.ts: reads one body for each message.
parentPort?.on("message", (task: ParseTask) => parentPort?.postMessage(answerTo(task)));

function answerTo(task: ParseTask): ParseAnswer {
  try {
    const source = { kind: task.kind, mapping: task.mapping === null ? null : compileMapping(task.mapping) };
    const body = {
      bytes: Buffer.from(task.bytes.buffer, task.bytes.byteOffset, task.bytes.byteLength),
      contentType: task.contentType,
    };
    return { kind: "delivery", delivery: normaliseDelivery(source, body, task.nowMs, task.limits) };
  } catch (error) {
    if (error instanceof DeliveryError)
      return { kind: "refused", code: error.code, problems: error.problems };
    return { kind: "failed", message: error instanceof Error ? error.message : String(error) };
  }
}
