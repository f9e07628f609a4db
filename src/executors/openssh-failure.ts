import { ExecutorError } from "./executor.ts";
import { describeServer, type Route } from "./ssh-route.ts";

/** What the ssh program logged of one machine on the way. */
export interface HopLog {
  readonly route: Route;
  readonly text: string;
}

/**
 * Why ssh ended, or was ended, without a login on the last host; null when it may have logged in, so that nobody knows
 * whether the command started. `said` is what ssh printed before it had a log.
 */
export function loginFailure(logs: readonly HopLog[], said: string): ExecutorError | null {
  const target = logs.at(-1);
  if (target === undefined || hasLoggedIn(target.text) || isShared(target.text)) return null;
  const failed = logs.find(({ text }) => !hasLoggedIn(text)) ?? target;
  const refused = logs.map(({ text }) => /channel \d+: open failed: (.*)/.exec(text)?.[1]).find(Boolean);
  return toError(failed.route, failed.text, refused ?? lastLine(failed.text) ?? lastLine(said));
}

/** With a connection of its own: ssh says so as soon as the server let it in. */
function hasLoggedIn(log: string): boolean {
  return /^Authenticated to /m.test(log);
}

/** Over the connection of another call, which has logged in before. It may still have gone on to one of its own. */
function isShared(log: string): boolean {
  return (
    /auto-mux: Trying existing master/.test(log) &&
    !/^debug1: (Control socket ".*" does not exist|Connecting to |Executing proxy command)/m.test(log)
  );
}

function toError(route: Route, text: string, why: string | undefined): ExecutorError {
  const log = text.replaceAll(/^debug\d:.*$/gm, "");
  const server = describeServer(route);
  const because = why === undefined ? "" : `: ${why}`;
  if (/Host key verification failed|no matching host key type|Host certificate|REVOKED HOST KEY/i.test(log))
    return failure("host-key-refused", hostKeyMessage(route, text, because));
  if (/Permission denied \(|Too many authentication failures|No more authentication methods/.test(log))
    return failure("login-refused", `${server} refused the login of ${route.target.host.user}${because}`);
  return failure("host-unreachable", `could not connect to ${server}${because}`);
}

function hostKeyMessage(route: Route, log: string, because: string): string {
  const server = describeServer(route);
  const file = route.target.access.knownHostsFile ?? "the known_hosts files of ssh";
  const shown = /Server host key: (\S+ SHA256:\S+)/.exec(log)?.[1] ?? "a key";
  if (/REVOKED HOST KEY/.test(log)) return `${server} shows ${shown}, which ${file} revokes`;
  if (/IDENTIFICATION HAS CHANGED/.test(log))
    return `${server} shows ${shown}, but ${file} knows another key: someone may be in between, or the host was installed anew`;
  if (/host key is known for/.test(log))
    return `${server} is not in ${file}; it shows ${shown}: check that on the host, then add its line`;
  return `${server} has no host key that ${file} trusts${because}`;
}

function lastLine(text: string): string | undefined {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.findLast((line) => line !== "" && !/^debug\d:/.test(line))?.slice(0, 300);
}

function failure(code: ExecutorError["code"], message: string): ExecutorError {
  return new ExecutorError(code, message, { isRetryable: true });
}
