import { durationSchema } from "../platform/schemas.ts";

const TIMEOUT_DEFAULT = "10s";
const TIMEOUT_MS_MAX = 60_000;

/** How long a notifier waits for its receiver; milliseconds afterwards. */
export function timeoutSchema(description: string) {
  return durationSchema
    .refine((ms) => ms > 0 && ms <= TIMEOUT_MS_MAX, "a timeout is between 1ms and 1m")
    .prefault(TIMEOUT_DEFAULT)
    .meta({ description });
}
