import { COOKIE_VARIABLE } from "./command-check.ts";
import { endMarkOf } from "./end-mark.ts";
import type { Command, Cookie } from "./executor.ts";
import { quotePosix, quotePosixOnOneLine, SET_NEWLINE } from "./quote.ts";

/** How a job says that it did not start: these exit codes count only while its start was not announced. */
const NO_JOB = 119;
export const NO_FOLDER = 121;
export const NO_PROGRAM = 122;
export const NO_TIMEOUT_PROGRAM = 123;

/**
 * What the login shell of a host is asked to run: it reads one line from stdin and executes it. Everything that varies is
 * in that line, so that no value, and no secret, shows in the host's process list, and no length limit of one argument
 * applies to the whole. The text holds no quote, backslash, newline or exclamation mark: within single quotes it means
 * the same to sh, bash, zsh, csh and fish. `read` takes single bytes, so the rest of stdin belongs to the command.
 */
const LOADER = `IFS= read -r NIGHTSHIFT_JOB || exit ${NO_JOB}; eval "$NIGHTSHIFT_JOB"`;

/** The program that executes one job line, becoming another user first when asked to. Its argument list is always the same. */
export function loaderArgv(become: string | null): [string, ...string[]] {
  const loader: [string, ...string[]] = ["/bin/sh", "-c", LOADER];
  return become === null ? loader : ["sudo", "-n", "-u", become, "--", ...loader];
}

/** The same as one string for the login shell at the other end. */
export function loaderCommand(become: string | null): string {
  return `exec ${loaderArgv(become).map(quotePosix).join(" ")}`;
}

export interface JobOptions {
  readonly cookie: Cookie;
  readonly timeoutMs: number;
  readonly killGraceMs: number;
  /** Unguessable text, printed on a line of its own on both streams right before the command starts. */
  readonly nonce: string;
  /** Also print an end mark with the exit code, the last thing on stderr: for a carrier with exit codes of its own. */
  readonly isEndAnnounced: boolean;
}

/**
 * The job line that runs a command under its time limit on the host itself, so that it ends there even when nobody listens
 * any more, and then ends what the command left behind. The exit code is the command's own, 128 + n after signal n, 124
 * or 137 after the limit.
 */
export function commandJob(command: Command, options: JobOptions): string {
  const seconds = Math.max(1, Math.ceil(options.timeoutMs / 1000));
  const graceSeconds = Math.max(1, Math.ceil(options.killGraceMs / 1000));
  const exports = Object.entries(command.env).map(
    ([name, value]) => `export ${name}=${quotePosixOnOneLine(value)}`,
  );
  return line([
    SET_NEWLINE,
    ...(command.cwd === null ? [] : [`cd -- ${quotePosixOnOneLine(command.cwd)} || exit ${NO_FOLDER}`]),
    `set -- ${command.argv.map(quotePosixOnOneLine).join(" ")}`,
    `command -v -- "$1" >/dev/null || exit ${NO_PROGRAM}`,
    `command -v timeout >/dev/null || exit ${NO_TIMEOUT_PROGRAM}`,
    announce(options.nonce),
    `( ${[
      `export ${COOKIE_VARIABLE}=${quotePosixOnOneLine(options.cookie)}`,
      ...exports,
      `exec timeout -k ${graceSeconds} ${seconds} "$@"`,
    ].join("; ")} ); r=$?`,
    sweepText(options.cookie, options.killGraceMs),
    ...(options.isEndAnnounced ? [`printf '%s %s\\n' ${endMarkOf(options.nonce)} $r >&2`] : []),
    "exit $r",
  ]);
}

/** The job line that ends what carries the cookie, and prints how many processes that were. */
export function sweepJob(cookie: Cookie, killGraceMs: number, nonce: string): string {
  return line([SET_NEWLINE, announce(nonce), sweepText(cookie, killGraceMs), `printf '%s\\n' "$n"`]);
}

/**
 * The job line that runs a fixed script of ours, with values as its arguments `$1`, `$2`, … and, for what others on the
 * host must not see, `NIGHTSHIFT_MARK`.
 */
export function scriptJob(
  script: string,
  values: readonly string[],
  mark: string | null,
  timeoutMs: number,
  nonce: string,
): string {
  const seconds = Math.max(1, Math.ceil(timeoutMs / 1000));
  return line([
    SET_NEWLINE,
    `command -v timeout >/dev/null || exit ${NO_TIMEOUT_PROGRAM}`,
    announce(nonce),
    ...(mark === null ? [] : [`export NIGHTSHIFT_MARK=${quotePosixOnOneLine(mark)}`]),
    `exec timeout -k 1 ${seconds} /bin/sh -c ${[script, "sh", ...values].map(quotePosixOnOneLine).join(" ")}`,
  ]);
}

function announce(nonce: string): string {
  return `printf '%s\\n' ${nonce}; printf '%s\\n' ${nonce} >&2`;
}

/**
 * One grep reads the environments of all processes that this user may see. `l` lists the marked ones, `k` signals them,
 * `$n` counts what was found first. TERM, then KILL after the grace, in tenths of a second where `sleep` knows them.
 */
function sweepText(cookie: Cookie, killGraceMs: number): string {
  const mark = quotePosixOnOneLine(`${COOKIE_VARIABLE}=${cookie}`);
  const whole = cookie.endsWith(":") ? "" : "x";
  const tenths = Math.max(1, Math.ceil(killGraceMs / 100));
  return [
    `l() { grep -ls${whole}zF -e ${mark} /proc/[0-9]*/environ 2>/dev/null; }`,
    `k() { for e in $(l); do e=\${e#/proc/}; kill -s "$1" "\${e%/environ}" 2>/dev/null; done; }`,
    `w() { i=0; while [ $i -lt "$1" ] && [ -n "$(l)" ]; do sleep 0.1 2>/dev/null || sleep 1; i=$((i+1)); done; }`,
    `n=$(l | wc -l)`,
    `if [ "$n" -gt 0 ]; then k TERM; w ${tenths}; k KILL; w 2; k KILL; w 5; fi`,
  ].join("; ");
}

function line(statements: readonly string[]): string {
  return `${statements.join("; ")}\n`;
}
