import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { ServerFlags } from "./client/flags.ts";
import { readAnswer, withServer, writeAnswer } from "./client/run-command.ts";
import { ServerError } from "./client/server-client.ts";
import type { CommandOutput } from "./output.ts";

export interface AlertSendFlags extends ServerFlags {
  readonly source: string;
  /** Each `NAME=VALUE`. */
  readonly annotations: readonly string[];
  /** Says that the alert is over instead of that it fires. */
  readonly isResolved: boolean;
  /** Holds the token of a source with bearer authentication; null when it has none. */
  readonly tokenFile: string | null;
}

const acceptedSchema = z.object({ delivery: z.string().nullable() });

/** Delivers one alert as Alertmanager would, so that rules can be tried. Writes the id of the delivery. */
export function alertSendCommand(
  labels: readonly string[],
  flags: AlertSendFlags,
  output: CommandOutput,
): Promise<number> {
  return withServer(flags, output, async (client) => {
    const body = alertmanagerDelivery(
      readPairs("label", labels),
      readPairs("annotation", flags.annotations),
      flags.isResolved ? "resolved" : "firing",
      new Date().toISOString(),
    );
    const headers = await authorization(flags.tokenFile);
    const answer = await client.send("POST", `/webhooks/${encodeURIComponent(flags.source)}`, body, headers);
    const { delivery } = readAnswer(acceptedSchema, answer);
    writeAnswer(flags, output, answer, () => (delivery === null ? "" : `${delivery}\n`));
    if (delivery === null) output.stderr.write("taken, but there was nothing in it to store\n");
    return 0;
  });
}

type Pairs = ReadonlyMap<string, string>;

/** The value may have further equals signs in it. Throws {@link ServerError} with exit code 2. */
function readPairs(what: string, texts: readonly string[]): Pairs {
  const pairs = new Map<string, string>();
  for (const text of texts) {
    const end = text.indexOf("=");
    if (end < 1)
      throw new ServerError(`"${text}" is no ${what}; write it like alertname=HighLatency`, { exitCode: 2 });
    const name = text.slice(0, end);
    if (pairs.has(name)) throw new ServerError(`the ${what} ${name} is there twice`, { exitCode: 2 });
    pairs.set(name, text.slice(end + 1));
  }
  return pairs;
}

/** Alertmanager's webhook body, version 4, with one alert. */
function alertmanagerDelivery(
  labels: Pairs,
  annotations: Pairs,
  status: "firing" | "resolved",
  now: string,
): Record<string, unknown> {
  const alert = {
    status,
    labels: Object.fromEntries(labels),
    annotations: Object.fromEntries(annotations),
    startsAt: now,
    endsAt: status === "resolved" ? now : "0001-01-01T00:00:00Z",
    generatorURL: "",
  };
  return {
    version: "4",
    groupKey: "{}:{}",
    truncatedAlerts: 0,
    status,
    receiver: "nightshift-alert-send",
    groupLabels: {},
    commonLabels: alert.labels,
    commonAnnotations: alert.annotations,
    externalURL: "",
    alerts: [alert],
  };
}

async function authorization(tokenFile: string | null): Promise<Record<string, string>> {
  if (tokenFile === null) return {};
  try {
    return { authorization: `Bearer ${(await readFile(tokenFile, "utf8")).trim()}` };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ServerError(`the token could not be read: ${why}`, { exitCode: 2, cause: error });
  }
}
