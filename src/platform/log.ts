import { pino, type Logger } from "pino";

export type Log = Logger;
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogOptions {
  readonly level: LogLevel | "silent";
  /** `json` for collectors; `text` is one readable line for a terminal. */
  readonly format: "json" | "text";
  readonly stream?: NodeJS.WritableStream;
}

/**
 * The service's log, on stderr unless told otherwise. An error is logged as its name, code and message only: error objects
 * of process and HTTP libraries hold arguments, output and headers, which may be secret.
 */
export function createLog(options: LogOptions): Log {
  const stream = options.stream ?? process.stderr;
  const destination =
    options.format === "json" ? stream : { write: (line: string) => stream.write(toText(line)) };
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: describeError, err: describeError },
    },
    destination,
  );
}

interface ErrorFields {
  readonly name: string;
  readonly code?: string;
  readonly message: string;
  readonly cause?: ErrorFields;
}

const MESSAGE_CHARS_MAX = 500;

/** What may be logged of an error. */
export function describeError(error: unknown): ErrorFields {
  if (!(error instanceof Error))
    return { name: "NonError", message: String(error).slice(0, MESSAGE_CHARS_MAX) };
  const code: unknown = "code" in error ? error.code : undefined;
  return {
    name: error.name,
    ...(typeof code === "string" ? { code } : {}),
    message: error.message.slice(0, MESSAGE_CHARS_MAX),
    ...(error.cause instanceof Error ? { cause: describeError(error.cause) } : {}),
  };
}

function toText(line: string): string {
  const { level, time, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const rest = Object.entries(fields).map(
    ([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return `${String(time)} ${String(level).toUpperCase().padEnd(5)} ${String(msg)}${rest.length > 0 ? ` ${rest.join(" ")}` : ""}\n`;
}
