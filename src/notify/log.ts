import type { Log } from "../platform/log.ts";
import type { Notifier } from "./notifier.ts";

/** Tells whoever reads the service's log. Never fails. */
export function createLogNotifier(name: string, log: Log): Notifier {
  return {
    name,
    kind: "log",
    opensIncidents: false,
    async send({ event, title, text, url, runId }) {
      log.warn({ notifier: name, event, title, text, url, runId }, "notice");
    },
  };
}
