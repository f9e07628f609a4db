import { randomUUID } from "node:crypto";
import { ExecutorError, type Command, type Executor } from "../executors/executor.ts";
import { type InventoryHost, LOCAL_HOST } from "../hosts/host.ts";
import { type AdvisedCheck, adviceFor, failed, type HostCheck, ok, skipped } from "./host-advice.ts";

/** One command or one search may take this long; a host that needs more is of no use for a step. */
const PROBE_MS = 30_000;
/** Certificates, logs and `since` windows go wrong beyond it. */
const SKEW_SECONDS_MAX = 5;
/** Less than this, and a step's temporary files are likely not to fit. */
const FREE_KIB_MIN = 256 * 1024;
const SAID_CHARS_MAX = 8 * 1024;

/** Programs that steps and collections need on every host. */
const PROGRAMS = ["timeout", "grep", "find", "readlink", "stat", "head", "tail"] as const;

/** Prints the time, the free space of the folder given (or of the login's home) and which programs are missing. */
const FACTS_SCRIPT = `
folder=$1; shift
[ -n "$folder" ] || folder=$HOME
date +%s
df -Pk -- "$folder" 2>/dev/null | { read -r head; read -r fs total used free rest; echo "\${free:-0}"; }
printf '%s\\n' "$folder"
for program do command -v "$program" >/dev/null || printf '%s\\n' "$program"; done
`;

const CONNECTION_CHECKS = ["reachable", "host key", "login"] as const;

/** How far a connection came that failed with the code: the check that it failed at. */
const FAILED_AT: Readonly<Partial<Record<ExecutorError["code"], AdvisedCheck>>> = {
  "host-unreachable": "reachable",
  "unknown-host": "reachable",
  "host-key-refused": "host key",
  "login-refused": "login",
};

export interface HostProbe {
  readonly executor: Executor;
  readonly host: InventoryHost;
  /** The folder whose free space counts; null for the login's home. */
  readonly workFolder: string | null;
}

/** Everything that a step may need of the host, in the order in which it is needed. Never rejects. */
export async function checkHost(probe: HostProbe): Promise<readonly HostCheck[]> {
  const { host, workFolder } = probe;
  const isLocal = host.name === LOCAL_HOST;
  const startedAtMs = Date.now();
  const facts = await runOn(probe, {
    argv: ["sh", "-c", FACTS_SCRIPT, "sh", workFolder ?? "", ...PROGRAMS],
    become: null,
  });
  const endedAtMs = Date.now();
  if (facts instanceof ExecutorError) return checksOfFailure(host, facts);
  const connection = isLocal ? [] : CONNECTION_CHECKS.map((check) => ok(check, ""));
  if (facts.failure !== null) {
    const advice = "log in by hand and see what the login shell prints and does";
    return [...connection, failed("shell", facts.failure, advice)];
  }
  const [seconds = "", freeKib = "", folder = "", ...missing] = facts.text.trimEnd().split("\n");
  return [
    ...connection,
    ok("shell", ""),
    isLocal ? skipped("clock", "it is this machine's own") : clockCheck(seconds, startedAtMs, endedAtMs),
    diskCheck(Number(freeKib), folder),
    programsCheck(missing),
    ...(await Promise.all(host.become.map((user) => becomeCheck(probe, user)))),
    await readableCheck(probe),
  ];
}

function checksOfFailure(host: InventoryHost, error: ExecutorError): HostCheck[] {
  const at = FAILED_AT[error.code] ?? "shell";
  const passed = host.name === LOCAL_HOST ? [] : CONNECTION_CHECKS;
  const index = passed.findIndex((check) => check === at);
  const before = index === -1 ? passed : passed.slice(0, index);
  return [...before.map((check) => ok(check, "")), failed(at, error.message, adviceFor(host, at, error))];
}

function clockCheck(text: string, startedAtMs: number, endedAtMs: number): HostCheck {
  const seconds = Number(text);
  const advice =
    "let its clock be set, such as by timedatectl set-ntp true, and compare it with this machine's";
  if (!/^\d+$/.test(text)) return failed("clock", "the host did not tell its time", advice);
  // Whole seconds, at some moment of the call.
  const ahead = seconds - endedAtMs / 1000;
  const behind = startedAtMs / 1000 - (seconds + 1);
  const skew = Math.max(0, ahead, behind);
  const distance = `${Math.round(skew)} s ${ahead > 0 ? "ahead of" : "behind"} this machine`;
  return skew <= SKEW_SECONDS_MAX ? ok("clock", "") : failed("clock", distance, advice);
}

function diskCheck(freeKib: number, folder: string): HostCheck {
  if (!Number.isFinite(freeKib) || freeKib === 0)
    return failed("disk", `no free space is known for ${folder}`, "check with df that the folder is there");
  const text = `${Math.round(freeKib / 1024)} MiB free in ${folder}`;
  if (freeKib >= FREE_KIB_MIN) return ok("disk", text);
  return failed("disk", text, `free some; ${FREE_KIB_MIN / 1024} MiB are the least`);
}

function programsCheck(missing: readonly string[]): HostCheck {
  if (missing.length === 0) return ok("programs", "");
  return failed("programs", `missing: ${missing.join(", ")}`, "install coreutils, findutils and grep there");
}

async function becomeCheck(probe: HostProbe, user: string): Promise<HostCheck> {
  const result = await runOn(probe, { argv: ["true"], become: user });
  const problem = result instanceof ExecutorError ? result.message : result.failure;
  const check = `become ${user}` as const;
  return problem === null ? ok(check, "") : failed(check, problem, adviceFor(probe.host, check, null));
}

/** One small piece of one file is read, so that a glob that lists files nobody may open shows. */
async function readableCheck({ executor, host }: HostProbe): Promise<HostCheck> {
  if (host.readable.length === 0) return skipped("readable", "the entry has no readable globs");
  const empty: string[] = [];
  const problems: string[] = [];
  try {
    const end = await executor.collect(
      host,
      {
        paths: host.readable,
        changedSinceMs: null,
        filesMax: 1,
        fileBytesMax: 1,
        totalBytesMax: 1,
        onTooBig: "tail",
      },
      {
        timeoutMs: PROBE_MS,
        signal: new AbortController().signal,
        onFile: () => Promise.resolve(),
        onProblem: (problem) => {
          if (problem.code === "no-match") empty.push(problem.path);
          else if (problem.code !== "too-many" && problem.code !== "too-big") problems.push(problem.message);
        },
      },
    );
    if (end !== "finished") problems.push("looking for files took too long");
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  }
  const advice = adviceFor(host, "readable", null);
  if (empty.length > 0) return failed("readable", `nothing matches ${empty.join(", ")}`, advice);
  return problems.length > 0 ? failed("readable", problems[0] ?? "", advice) : ok("readable", "");
}

/** What a command printed, or why it gave nothing. Never rejects. */
async function runOn(
  { executor, host }: HostProbe,
  command: Pick<Command, "argv" | "become">,
): Promise<ExecutorError | { readonly text: string; readonly failure: string | null }> {
  let text = "";
  let said = "";
  const keep = (before: string, chunk: Uint8Array) =>
    (before + Buffer.from(chunk).toString("utf8")).slice(0, SAID_CHARS_MAX);
  try {
    const result = await executor.run(
      host,
      { ...command, env: {}, stdin: null, cwd: host.name === LOCAL_HOST ? "/" : null },
      {
        cookie: `host-test-${randomUUID()}:test:1`,
        limits: { timeoutMs: PROBE_MS, killGraceMs: 1_000 },
        output: {
          stdout: { write: (chunk) => void (text = keep(text, chunk)) },
          stderr: { write: (chunk) => void (said = keep(said, chunk)) },
        },
        signal: new AbortController().signal,
      },
    );
    if (result.kind === "exited" && result.exitCode === 0) return { text, failure: null };
    const how = result.kind === "exited" ? `exit code ${result.exitCode}` : result.kind.replace("_", " ");
    return { text, failure: `a command gave ${how}${said === "" ? "" : `: ${said.trim()}`}` };
  } catch (error) {
    if (error instanceof ExecutorError) return error;
    return { text, failure: error instanceof Error ? error.message : String(error) };
  }
}
