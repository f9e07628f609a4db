import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { NodeSSH } from "node-ssh";
import type { Algorithms, Client, ServerHostKeyAlgorithm } from "ssh2";
import type { Host } from "../hosts/host.ts";
import { ExecutorError } from "./executor.ts";
import type { HostEntry } from "./host-entry.ts";
import {
  findKnownHost,
  judgeHostKey,
  keyTypeOf,
  type KnownHostLine,
  knownHostName,
  parseKnownHosts,
} from "./known-hosts.ts";

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
const KEEPALIVES_UNANSWERED_MAX = 2;

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

const HOST_KEY_ALGORITHMS: Readonly<Record<string, readonly ServerHostKeyAlgorithm[]>> = {
  "ssh-ed25519": ["ssh-ed25519"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256"],
};

/**
 * Connects and logs in. The server's key is checked against the host's known_hosts file before anything of ours is shown.
 * Throws {@link ExecutorError}: nothing was started, so each failure may be tried again.
 */
export async function connect(host: Host, entry: HostEntry, options: ConnectionOptions): Promise<NodeSSH> {
  const about = await readKnownHosts(host, entry.access.knownHostsFile);
  const privateKey = await readKey(host, entry.access.keyFile);
  let refusal: ExecutorError | null = null;
  const ssh = new NodeSSH();
  try {
    await ssh.connect({
      host: host.address,
      port: host.port,
      username: host.user,
      privateKey,
      authHandler: ["publickey"],
      algorithms: { ...ALGORITHMS, serverHostKey: hostKeyAlgorithms(about) },
      readyTimeout: options.connectTimeoutMs,
      keepaliveInterval: options.keepaliveIntervalMs,
      keepaliveCountMax: KEEPALIVES_UNANSWERED_MAX,
      hostVerifier: (key: Buffer) => {
        refusal = refusalOf(host, entry.access.knownHostsFile ?? "", about, key);
        return refusal === null;
      },
    });
  } catch (error) {
    ssh.dispose();
    throw refusal ?? connectError(host, entry, about, error);
  }
  const client = ssh.connection as Client;
  client.setNoDelay(true);
  // Its close is what counts, and channels learn of it; without a listener a late error would end the process.
  client.on("error", () => undefined);
  return ssh;
}

async function readKnownHosts(host: Host, file: string | null): Promise<readonly KnownHostLine[]> {
  if (file === null)
    throw failure(
      "host-key-refused",
      `no known_hosts file is set for ${host.name}: set known_hosts in its entry, or under defaults, in hosts.yml`,
    );
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw failure("host-key-refused", `the known_hosts file ${file} of ${host.name} cannot be read`, cause);
  });
  return findKnownHost(parseKnownHosts(text), knownHostName(host.address, host.port));
}

async function readKey(host: Host, file: string | null): Promise<string> {
  if (file === null)
    throw failure(
      "login-refused",
      `no SSH key is set for ${host.name}: set key in its entry, or under defaults, in hosts.yml`,
    );
  return readFile(file, "utf8").catch((cause: unknown) => {
    throw failure("login-refused", `the SSH key ${file} of ${host.name} cannot be read`, cause);
  });
}

/** Only kinds of keys that the file knows of the host, so that a server with several keys shows one that can be checked. */
function hostKeyAlgorithms(about: readonly KnownHostLine[]): ServerHostKeyAlgorithm[] {
  const plain = about.filter((line) => line.marker === "none");
  const known = new Set(plain.flatMap((line) => HOST_KEY_ALGORITHMS[line.keyType] ?? []));
  const all = Object.values(HOST_KEY_ALGORITHMS).flat();
  return known.size === 0 ? all : all.filter((algorithm) => known.has(algorithm));
}

function refusalOf(
  host: Host,
  file: string,
  about: readonly KnownHostLine[],
  key: Buffer,
): ExecutorError | null {
  const verdict = judgeHostKey(about, key);
  const shown = `${keyTypeOf(key) ?? "key"} ${fingerprint(key)}`;
  const server = `${host.name} (${host.address} port ${host.port})`;
  switch (verdict.kind) {
    case "trusted":
      return null;
    case "unknown":
      return failure(
        "host-key-refused",
        `${server} is not in ${file}; it shows ${shown}: check that on the host, then add its line`,
      );
    case "changed":
      return failure(
        "host-key-refused",
        `${server} shows ${shown}, but ${file}:${verdict.lines.join(",")} knows another key: someone may be in between, or the host was installed anew`,
      );
    case "revoked":
      return failure("host-key-refused", `${server} shows ${shown}, which ${file}:${verdict.line} revokes`);
    case "cert-authority":
      return failure(
        "host-key-refused",
        `${file}:${verdict.line} trusts a certificate authority for ${server}: host certificates are not supported, add the host's own key (${shown})`,
      );
  }
}

function fingerprint(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

function connectError(
  host: Host,
  entry: HostEntry,
  about: readonly KnownHostLine[],
  error: unknown,
): ExecutorError {
  const server = `${host.name} (${host.address} port ${host.port})`;
  const message = error instanceof Error ? error.message : String(error);
  const level = error instanceof Error && "level" in error ? error.level : undefined;
  if (level === "client-authentication")
    return failure(
      "login-refused",
      `${server} refused the key ${entry.access.keyFile ?? ""} for user ${host.user}`,
      error,
    );
  if (/parse privateKey|passphrase|privateKey/i.test(message))
    return failure(
      "login-refused",
      `the SSH key ${entry.access.keyFile ?? ""} cannot be used (a key with a passphrase is not supported): ${message}`,
      error,
    );
  if (/host key/i.test(message) && about.length > 0)
    return failure(
      "host-key-refused",
      `${server} has no key of the kinds that known_hosts knows: ${message}`,
      error,
    );
  return failure("host-unreachable", `could not connect to ${server}: ${message}`, error);
}

function failure(code: ExecutorError["code"], message: string, cause?: unknown): ExecutorError {
  return new ExecutorError(code, message, { isRetryable: true, cause });
}
