import { stat } from "node:fs/promises";
import { execa } from "execa";
import { ExecutorError, type OutputStream } from "./executor.ts";

export interface ProcessStart {
  readonly argv: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly stdin: string | null;
  readonly onStdout: OutputStream["write"];
  readonly onStderr: OutputStream["write"];
}

export interface ProcessExit {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** A process that leads its own process group. Its pipes are always drained. */
export interface LocalProcess {
  readonly pid: number;
  readonly exited: Promise<ProcessExit>;
  /** Nobody holds the pipes of its output any more. */
  readonly closed: Promise<void>;
  /** Stops and goes on reading stdout. */
  pause(): void;
  resume(): void;
  /** Lets go of the pipes and of the process, whoever still holds them. */
  abandon(): void;
}

/** Throws {@link ExecutorError} when the process could not be started. No error of execa leaves here: it holds arguments. */
export async function startProcess(start: ProcessStart): Promise<LocalProcess> {
  const [file, ...args] = start.argv;
  const subprocess = execa(file, args, {
    cwd: start.cwd,
    env: start.env,
    extendEnv: false,
    detached: true,
    cleanup: false,
    reject: false,
    buffer: false,
    encoding: "buffer",
    stdin: start.stdin === null ? "ignore" : "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });
  const pid = subprocess.pid;
  if (pid === undefined) {
    const { code } = await subprocess;
    throw await startError(code, start);
  }
  const exited = new Promise<ProcessExit>((resolve) => {
    subprocess.nodeChildProcess.once("exit", (exitCode, signal) => resolve({ exitCode, signal }));
  });
  const { stdin, stdout, stderr } = subprocess;
  stdout.on("data", start.onStdout);
  stderr.on("data", start.onStderr);
  const closed = Promise.all(
    [stdout, stderr].map((stream) => new Promise<void>((resolve) => stream.once("close", () => resolve()))),
  ).then(() => undefined);
  for (const stream of [stdin, stdout, stderr]) stream?.on("error", ignoreBrokenPipe);
  stdin?.end(start.stdin);
  // What became of it is taken from the events; execa's own result comes later when others hold the pipes.
  subprocess.catch(() => undefined);
  return {
    pid,
    exited,
    closed,
    pause: () => stdout.pause(),
    resume: () => stdout.resume(),
    abandon: () => {
      for (const stream of [stdin, stdout, stderr]) stream?.destroy();
      subprocess.nodeChildProcess.unref();
    },
  };
}

/** A command need not read its stdin, and an abandoned pipe may break: neither says anything about the command. */
function ignoreBrokenPipe(): void {}

async function startError(code: string | undefined, start: ProcessStart): Promise<ExecutorError> {
  const program = JSON.stringify(start.argv[0].slice(0, 200));
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      if (!(await isFolder(start.cwd)))
        return failure("not-found", `the working folder ${JSON.stringify(start.cwd)} is not there`);
      return failure("not-found", `the program ${program} was not found on PATH ${start.env["PATH"] ?? ""}`);
    case "EACCES":
    case "EPERM":
    case "ENOEXEC":
      return failure("not-permitted", `the program ${program} could not be executed: ${code}`);
    case "E2BIG":
      return failure("argument-too-long", `${program} was given too much: pass values on stdin or in a file`);
    case undefined:
    default:
      return new ExecutorError(
        "no-channel",
        `this machine could not start ${program} just now: ${code ?? "unknown"}`,
        { isRetryable: true },
      );
  }
}

function failure(code: ExecutorError["code"], message: string): ExecutorError {
  return new ExecutorError(code, message, { isRetryable: false });
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (facts) => facts.isDirectory(),
    () => false,
  );
}
