import { createHash, randomUUID } from "node:crypto";
import { isUtf8 } from "node:buffer";
import { posix } from "node:path";
import type { Host } from "../hosts/host.ts";
import type { Cookie, ExecutionResult, Executor, OutputStream } from "./executor.ts";
import { compileReadable, globProblem, isReadable } from "./globs.ts";
import { LOCATE_SCRIPT, PUT_EXITS, PUT_SCRIPT, type PutFailure } from "./put-scripts.ts";

/** A file as it is to be on a host. */
export interface PutRequest {
  /** Absolute. Its folder must be there, and may be reached by links; the file itself must be no link. */
  readonly path: string;
  readonly content: Uint8Array;
  /** Permission bits in octal, such as `640`. Null: those of the file that is replaced, `600` for a new one. */
  readonly mode: string | null;
  /** `user` or `user:group`. Null: as it was; a new file belongs to who writes it. */
  readonly owner: string | null;
  /** What the name of the old file ends in when it is kept; null to keep none. */
  readonly backupSuffix: string | null;
  readonly become: string | null;
  /** Globs of the host's inventory entry: the path, links of its folder resolved, must match one. */
  readonly writable: readonly string[];
}

export interface PutOptions {
  readonly cookie: Cookie;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export type PutEnd =
  /** Paths are those on the host, links of the folder resolved. `backup`: where the old file is. */
  | { readonly kind: "written"; readonly path: string; readonly backup: string | null }
  /** Content, mode and owner were so already. */
  | { readonly kind: "unchanged"; readonly path: string }
  /** Nothing of the file was changed. `isPermanent`: another try cannot end otherwise. */
  | { readonly kind: "refused"; readonly message: string; readonly isPermanent: boolean }
  /** The file is the old one or the new one, whole in any case. */
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "timed_out" | "cancelled" }
  | { readonly kind: "lost"; readonly message: string };

const KILL_GRACE_MS = 1_500;

/**
 * Makes a file of a host what it is asked to be: written aside in the same folder, synced to the disk, renamed. Whoever opens
 * the file meanwhile sees the old or the new one, also after a crash. May be repeated: what is so already stays untouched.
 * Throws ExecutorError when the host cannot be used; nothing has begun then.
 */
export async function putFile(
  executor: Executor,
  host: Host,
  request: PutRequest,
  options: PutOptions,
): Promise<PutEnd> {
  const problem = pathProblem(request.path);
  if (problem !== null) return { kind: "refused", message: problem, isPermanent: true };
  const startedAt = performance.now();
  const run: Run = (script, values, stdin) => {
    const timeoutMs = Math.max(1, options.timeoutMs - (performance.now() - startedAt));
    return runScript(executor, host, { script, values, stdin }, { ...options, timeoutMs }, request.become);
  };
  const folder = posix.dirname(request.path);
  const located = await run(LOCATE_SCRIPT, [folder], null);
  // Nothing has been written yet, so it is known how the file is: as it was.
  if (located.result.kind === "lost")
    return { kind: "refused", message: located.result.message, isPermanent: false };
  if (located.result.kind !== "exited" || located.result.exitCode !== 0)
    return explain(located, request, host);
  const resolved = located.stdout.subarray(0, -1);
  if (!isUtf8(resolved))
    return { kind: "refused", message: `${folder} leads to a folder that is not UTF-8`, isPermanent: true };
  const resolvedFolder = resolved.toString("utf8");
  const path = posix.join(resolvedFolder, posix.basename(request.path));
  if (!isReadable(path, compileReadable(request.writable)))
    return { kind: "refused", message: notWritable(request.path, path, host), isPermanent: true };
  return write(run, request, host, { path, folder: resolvedFolder });
}

async function write(
  run: Run,
  request: PutRequest,
  host: Host,
  place: { readonly path: string; readonly folder: string },
): Promise<PutEnd> {
  const name = posix.basename(request.path);
  const content = Buffer.from(request.content);
  const sum = createHash("sha256").update(content).digest("hex");
  const backup = request.backupSuffix === null ? "" : `${name}${request.backupSuffix}`;
  const mode = request.mode?.replace(/^0+(?=.)/, "") ?? "";
  const values = [place.folder, name, `.nightshift-put-${randomUUID()}`, mode, request.owner ?? "", backup];
  const ended = await run(PUT_SCRIPT, values, `${sum}\n${content.toString("base64")}`);
  if (ended.result.kind !== "exited" || ended.result.exitCode !== 0) return explain(ended, request, host);
  const said = ended.stdout.toString("utf8").trim();
  if (said === "unchanged") return { kind: "unchanged", path: place.path };
  const isKept = said.startsWith("written ");
  return { kind: "written", path: place.path, backup: isKept ? posix.join(place.folder, backup) : null };
}

type Run = (script: string, values: readonly string[], stdin: string | null) => Promise<ScriptEnd>;

interface ScriptEnd {
  readonly result: ExecutionResult;
  readonly stdout: Buffer;
  readonly stderr: string;
}

async function runScript(
  executor: Executor,
  host: Host,
  { script, values, stdin }: { script: string; values: readonly string[]; stdin: string | null },
  options: PutOptions,
  become: string | null,
): Promise<ScriptEnd> {
  const stdout = new FirstBytes();
  const stderr = new FirstBytes();
  const result = await executor.run(
    host,
    { argv: ["sh", "-c", script, "sh", ...values], env: {}, stdin, cwd: "/", become },
    {
      cookie: options.cookie,
      limits: { timeoutMs: options.timeoutMs, killGraceMs: KILL_GRACE_MS },
      output: { stdout, stderr },
      signal: options.signal,
    },
  );
  return { result, stdout: stdout.bytes, stderr: stderr.bytes.toString("utf8") };
}

const SAID_BYTES_MAX = 16 * 1024;

class FirstBytes implements OutputStream {
  #bytes = Buffer.alloc(0);

  get bytes(): Buffer {
    return this.#bytes;
  }

  write(chunk: Uint8Array): void {
    const room = SAID_BYTES_MAX - this.#bytes.byteLength;
    if (room > 0) this.#bytes = Buffer.concat([this.#bytes, chunk.subarray(0, room)]);
  }
}

/** What is wrong with the path of a file to be written, null when nothing is. */
function pathProblem(path: string): string | null {
  if (/\p{Cc}/u.test(path)) return "the path of a file to be written has no control characters";
  const problem = globProblem(path);
  return problem === null ? null : `${JSON.stringify(path)} cannot be written: ${reworded(problem)}`;
}

function reworded(problem: string): string {
  return problem.replace(/^a glob/, "a path").replace("*.log", "app.log");
}

function notWritable(asked: string, path: string, host: Host): string {
  const via = path === asked ? "" : `, to which ${asked} leads,`;
  return `${path}${via} is not in the writable paths of ${host.name}: name it under writable in its entry of hosts.yml`;
}

function explain({ result, stderr }: ScriptEnd, request: PutRequest, host: Host): PutEnd {
  switch (result.kind) {
    case "timed_out":
    case "cancelled":
      return { kind: result.kind };
    case "lost":
      return result;
    case "signalled":
      return { kind: "failed", message: `writing was ended by ${result.signal}` };
    case "exited": {
      const failure = PUT_EXITS.get(result.exitCode);
      if (failure === undefined) {
        const message = `${request.path} on ${host.name}: writing exited with ${result.exitCode}${because(stderr)}`;
        return { kind: "failed", message };
      }
      const message = `${request.path} on ${host.name} ${sentence(failure, request)}${because(stderr)}`;
      const isAfter = failure === "not-synced" || failure === "moved-after";
      return isAfter ? { kind: "failed", message } : { kind: "refused", message, isPermanent: false };
    }
  }
}

function sentence(failure: PutFailure, request: PutRequest): string {
  switch (failure) {
    case "no-folder":
      return "has no folder that can be entered; put makes none";
    case "moved":
      return "was not written: its folder was exchanged or moved meanwhile";
    case "link":
      return "is a symbolic link; name the file that it leads to";
    case "not-a-file":
      return "is no regular file";
    case "incomplete":
      return "was not written: not all of its content arrived";
    case "not-written":
      return "was not written, the old one is still there";
    case "owner":
      return request.owner === null
        ? "was not written: the new file cannot be given the owner of the old one; add become: true, or name another owner"
        : `was not written: it cannot be given to ${request.owner}; is there such a user, and does the step say become: true?`;
    case "backup":
      return "was not written: the old one could not be kept";
    case "not-renamed":
      return "was not written: the new file could not take its place";
    case "not-synced":
      return "was written, but the disk may not have it yet";
    case "moved-after":
      return "was written, but its folder was exchanged or moved meanwhile";
  }
}

/** The first thing a program said: usually why. */
function because(stderr: string): string {
  const line = stderr.trim().split("\n", 1)[0] ?? "";
  return line === "" ? "" : `: ${line.slice(0, 300)}`;
}
