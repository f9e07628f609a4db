import { opensshProblem } from "../hosts/transport.ts";
import { ExecutorError } from "./executor.ts";
import { quotePosix } from "./quote.ts";
import { loaderCommand } from "./remote-command.ts";
import { type ConnectionOptions, KEEPALIVES_UNANSWERED_MAX } from "./ssh-connection.ts";
import type { Hop, Route } from "./ssh-route.ts";

/**
 * What holds whatever ssh_config says: an option given first wins. No prompt, no key that is not known, nothing forwarded,
 * nothing run here. DEBUG1 goes to the log file, by which a connection that failed is told from a command that did.
 */
const OPTIONS = [
  "BatchMode=yes",
  "StrictHostKeyChecking=yes",
  "UpdateHostKeys=no",
  "VerifyHostKeyDNS=no",
  "NoHostAuthenticationForLocalhost=no",
  "NumberOfPasswordPrompts=0",
  "AddKeysToAgent=no",
  "ForwardAgent=no",
  "ForwardX11=no",
  "Tunnel=no",
  "PermitLocalCommand=no",
  "RemoteCommand=none",
  "RequestTTY=no",
  "ConnectionAttempts=1",
  "LogLevel=DEBUG1",
] as const;

/** An idle connection is closed by its master after it. */
const PERSIST_SECONDS = 60;

export interface OpensshFiles {
  /** Path of the connection's socket, shared by commands; null to connect for this command alone. */
  readonly control: string | null;
  /** Where this call logs; a jump host's call logs to this path with {@link jumpLogOf}. */
  readonly log: string;
  /** The script of {@link jumpScript}; null where the host is reached directly. */
  readonly jumpScript: string | null;
}

/** Of the call that reaches the jump host of the call that logs here. */
export function jumpLogOf(log: string): string {
  return `${log}.jump`;
}

/** The arguments that run the loader on the host. Neither they nor the remote command hold a value of a step. */
export function opensshArgv(
  route: Route,
  become: string | null,
  files: OpensshFiles,
  options: ConnectionOptions,
): [string, ...string[]] {
  const { control, log, jumpScript } = files;
  const sharing =
    control === null
      ? ["ControlMaster=no", "ControlPath=none"]
      : ["ControlMaster=auto", `ControlPath=${control}`, `ControlPersist=${PERSIST_SECONDS}s`];
  const jump = jumpScript === null ? [] : [`ProxyCommand=sh ${jumpScript} %h %p ${jumpLogOf(log)}`];
  return [
    "ssh",
    "-E",
    log,
    ...asArguments([
      ...OPTIONS,
      "ClearAllForwardings=yes",
      ...sharing,
      ...jump,
      ...hopOptions(route.target, options),
    ]),
    ...login(route.target),
    // After it nothing is taken for an option, whatever it begins with.
    "--",
    route.target.host.address,
    loaderCommand(become),
  ];
}

/**
 * A script for `sh` that connects its stdin and stdout to a host behind the jump host, given that host's address and port
 * and a path for the log. A file, because one more level of quoting would be needed for each jump host in an option.
 */
export function jumpScript(
  { target }: Route,
  innerScript: string | null,
  options: ConnectionOptions,
): string {
  const quoted = (words: readonly string[]) => words.map(quotePosix).join(" ");
  const common = asArguments([...OPTIONS, "ControlMaster=no", "ControlPath=none"]);
  const inner =
    innerScript === null ? "" : ` -o ${quotePosix(`ProxyCommand=sh ${innerScript} %h %p `)}"$3.jump"`;
  const own = quoted([...asArguments(hopOptions(target, options)), ...login(target)]);
  return `exec ssh ${quoted(common)} -E "$3"${inner} ${own} -W "[$1]:$2" -- ${quotePosix(target.host.address)}\n`;
}

/** The arguments that end the master that listens at a socket. */
export function endMasterArgv(socket: string): [string, ...string[]] {
  return ["ssh", "-F", "none", "-o", `ControlPath=${socket}`, "-O", "exit", "--", "master"];
}

function hopOptions({ access }: Hop, options: ConnectionOptions): string[] {
  const problem = opensshProblem(access);
  if (problem !== undefined)
    throw new ExecutorError("argument-refused", problem.message, { isRetryable: false });
  const seconds = (ms: number) => Math.max(1, Math.round(ms / 1000));
  return [
    `ConnectTimeout=${seconds(options.connectTimeoutMs)}`,
    `ServerAliveInterval=${seconds(options.keepaliveIntervalMs)}`,
    `ServerAliveCountMax=${KEEPALIVES_UNANSWERED_MAX}`,
    ...(access.knownHostsFile === null
      ? []
      : [`UserKnownHostsFile="${access.knownHostsFile}"`, "GlobalKnownHostsFile=/dev/null"]),
    ...(access.keyFile === null ? [] : [`IdentityFile="${access.keyFile}"`]),
    ...(access.keyFile === null || access.isAgentUsed ? [] : ["IdentitiesOnly=yes"]),
  ];
}

function login({ host }: Hop): string[] {
  return ["-p", String(host.port), "-l", host.user];
}

function asArguments(options: readonly string[]): string[] {
  return options.flatMap((option) => ["-o", option]);
}
