import type { Duplex } from "node:stream";
import { NodeSSH } from "node-ssh";
import type { Algorithms, Client } from "ssh2";
import { ExecutorError } from "./executor.ts";
import type { KnownHostLine } from "./known-hosts.ts";
import type { Credentials } from "./ssh-credentials.ts";
import { hostKeyAlgorithms, readKnownHost, refusalOfKey } from "./ssh-host-key.ts";
import { describeServer, type Route } from "./ssh-route.ts";

export interface ConnectionOptions {
  readonly connectTimeoutMs: number;
  /** A connection that gave no answer to three keepalives in a row is given up. */
  readonly keepaliveIntervalMs: number;
}

/** ssh2 gives up one interval after the last unanswered keepalive: 3 × 14 s is within the promised 45 s. */
export const CONNECTION_DEFAULTS: ConnectionOptions = {
  connectTimeoutMs: 10_000,
  keepaliveIntervalMs: 14_000,
};
export const KEEPALIVES_UNANSWERED_MAX = 2;

/** No SHA-1 anywhere, no ssh-rsa signatures; AES-GCM first, which OpenSSL does in hardware. */
const ALGORITHMS = {
  kex: [
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group-exchange-sha256",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group14-sha256",
  ],
  cipher: [
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-ctr",
    "aes192-ctr",
    "aes256-ctr",
    "chacha20-poly1305@openssh.com",
  ],
  hmac: ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512"],
  compress: ["none"],
} as const satisfies Algorithms;

/**
 * Connects and logs in to the last host of the route, over `socket` when it is reached by a jump host. The server's key
 * is checked against the host's known_hosts file before anything of ours is shown. Throws {@link ExecutorError}: nothing
 * was started, so each failure may be tried again.
 */
export async function connect(
  route: Route,
  socket: Duplex | null,
  credentials: Credentials,
  options: ConnectionOptions,
): Promise<NodeSSH> {
  const { host } = route.target;
  const about = await readKnownHost(route);
  const methods = await credentials.methodsFor(route.target);
  let refusal: ExecutorError | null = null;
  const ssh = new NodeSSH();
  try {
    await ssh.connect({
      host: host.address,
      port: host.port,
      username: host.user,
      ...(socket === null ? {} : { sock: socket }),
      authHandler: [...methods],
      algorithms: { ...ALGORITHMS, serverHostKey: hostKeyAlgorithms(about) },
      readyTimeout: options.connectTimeoutMs,
      keepaliveInterval: options.keepaliveIntervalMs,
      keepaliveCountMax: KEEPALIVES_UNANSWERED_MAX,
      hostVerifier: (key: Buffer) => {
        refusal = refusalOfKey(route, about, key);
        return refusal === null;
      },
    });
  } catch (error) {
    ssh.dispose();
    throw refusal ?? connectError(route, about, error);
  }
  const client = ssh.connection as Client;
  client.setNoDelay(true);
  // Its close is what counts, and channels learn of it; without a listener a late error would end the process.
  client.on("error", () => undefined);
  return ssh;
}

function connectError(route: Route, about: readonly KnownHostLine[], error: unknown): ExecutorError {
  const server = describeServer(route);
  const message = error instanceof Error ? error.message : String(error);
  const level = error instanceof Error && "level" in error ? error.level : undefined;
  if (level === "client-authentication")
    return failure("login-refused", `${server} refused ${shownCredentials(route)}`, error);
  if (level === "agent")
    return failure("login-refused", `the SSH agent at SSH_AUTH_SOCK cannot be used: ${message}`, error);
  if (/host key/i.test(message) && about.length > 0)
    return failure(
      "host-key-refused",
      `${server} has no key of the kinds that known_hosts knows: ${message}`,
      error,
    );
  return failure("host-unreachable", `could not connect to ${server}: ${message}`, error);
}

function shownCredentials({ target: { host, access } }: Route): string {
  const shown = [
    ...(access.keyFile === null ? [] : [`the key ${access.keyFile}`]),
    ...(access.isAgentUsed ? ["the keys of the agent"] : []),
    ...(access.password === null ? [] : ["the password"]),
  ];
  return `${shown.join(", ")} for user ${host.user}`;
}

function failure(code: ExecutorError["code"], message: string, cause?: unknown): ExecutorError {
  return new ExecutorError(code, message, { isRetryable: true, cause });
}
