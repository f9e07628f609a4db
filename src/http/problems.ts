import type { NextFunction, Request, Response } from "express";
import type { ServerResponse } from "node:http";
import { ArtifactError } from "../archive/artifact-store.ts";
import type { Log } from "../platform/log.ts";
import { NoRoomError } from "../platform/no-room.ts";
import { TooBusyError } from "../platform/shared-results.ts";
import { StoreUnavailableError } from "../store/store.ts";

/** One thing wrong with a request, at a place in it. */
export interface ProblemError {
  /** JSON pointer (RFC 6901). */
  readonly pointer: string;
  readonly code: string;
  readonly message: string;
}

/** An answer that is an error, as RFC 9457 has it. Thrown by handlers; the one place that writes it is {@link sendProblem}. */
export class HttpProblem extends Error {
  override readonly name = "HttpProblem";
  readonly status: number;
  readonly title: string;
  readonly errors: readonly ProblemError[];
  readonly headers: Readonly<Record<string, string>>;
  /** Further members of the answer. */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(
    status: number,
    title: string,
    detail: string,
    options: {
      errors?: readonly ProblemError[];
      headers?: Readonly<Record<string, string>>;
      members?: Readonly<Record<string, unknown>>;
    } = {},
  ) {
    super(detail);
    this.status = status;
    this.title = title;
    this.errors = options.errors ?? [];
    this.headers = options.headers ?? {};
    this.members = options.members ?? {};
  }
}

export function notFound(detail: string): HttpProblem {
  return new HttpProblem(404, "Not found", detail);
}

/** Writes the problem. Short, because Alertmanager and Grafana put an error's whole body into their logs. */
export function sendProblem(response: ServerResponse, problem: HttpProblem, instance: string): void {
  const text = JSON.stringify({
    type: "about:blank",
    title: problem.title,
    status: problem.status,
    detail: problem.message,
    instance,
    errors: problem.errors,
    ...problem.members,
  });
  response.writeHead(problem.status, {
    ...problem.headers,
    "content-type": "application/problem+json; charset=utf-8",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}

/** Whoever asked does not wait for the answer any more. */
export class ClientGoneError extends Error {
  override readonly name = "ClientGoneError";
}

/** The last handler: whatever was thrown becomes a problem; what nobody foresaw is logged and told as 500 without a word of it. */
export function problemHandler(log: Log) {
  return (error: unknown, request: Request, response: Response, _next: NextFunction): void => {
    if (response.headersSent || error instanceof ClientGoneError) {
      response.destroy();
      return;
    }
    sendProblem(response, toProblem(error, log), request.path);
  };
}

export const RETRY_AFTER_S = "5";

/** What is told of a database or a disk that takes nothing. Where it lies is nobody's business. */
export const UNAVAILABLE: Readonly<Record<StoreUnavailableError["code"] | NoRoomError["code"], string>> = {
  "disk-full": "the disk is full; nothing was stored",
  "archive-full": "the archive is as large as it may be; nothing was stored",
  busy: "the database is busy; nothing was stored",
  away: "the database does not answer; nothing was stored",
  "read-only": "the database cannot be written; nothing was stored",
};

function toProblem(error: unknown, log: Log): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (error instanceof ArtifactError && error.code === "not-found")
    return notFound("this file is no longer kept");
  if (error instanceof TooBusyError)
    return new HttpProblem(503, "Busy", error.message, { headers: { "retry-after": RETRY_AFTER_S } });
  if (error instanceof NoRoomError || error instanceof StoreUnavailableError) {
    const detail = UNAVAILABLE[error.code];
    log.warn({ error }, "a request was refused");
    return new HttpProblem(503, "Unavailable", detail, { headers: { "retry-after": RETRY_AFTER_S } });
  }
  const status: unknown = error instanceof Error && "status" in error ? error.status : undefined;
  // What Express itself refuses: a malformed escape in the path, say.
  if (typeof status === "number" && status >= 400 && status < 500)
    return new HttpProblem(status, "Bad request", "the request could not be read");
  log.error({ error }, "a request failed");
  return new HttpProblem(500, "Internal error", "the request failed; the log of the service says why");
}
