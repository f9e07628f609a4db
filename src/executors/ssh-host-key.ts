import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { ServerHostKeyAlgorithm } from "ssh2";
import { ExecutorError } from "./executor.ts";
import {
  findKnownHost,
  judgeHostKey,
  keyTypeOf,
  type KnownHostLine,
  knownHostName,
  parseKnownHosts,
} from "./known-hosts.ts";
import { describeServer, type Route } from "./ssh-route.ts";

const HOST_KEY_ALGORITHMS: Readonly<Record<string, readonly ServerHostKeyAlgorithm[]>> = {
  "ssh-ed25519": ["ssh-ed25519"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256"],
};

/** What the known_hosts file says of a server. Throws {@link ExecutorError} when there is no such file. */
export async function readKnownHost({ target }: Route): Promise<readonly KnownHostLine[]> {
  const { host, access } = target;
  const file = access.knownHostsFile;
  if (file === null)
    throw refused(
      `no known_hosts file is set for ${host.name}: set known_hosts in its entry, or under defaults, in hosts.yml`,
    );
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw refused(`the known_hosts file ${file} of ${host.name} cannot be read`, cause);
  });
  return findKnownHost(parseKnownHosts(text), knownHostName(host.address, host.port));
}

/** Only kinds of keys that the file knows of the host, so that a server with several keys shows one that can be checked. */
export function hostKeyAlgorithms(about: readonly KnownHostLine[]): ServerHostKeyAlgorithm[] {
  const plain = about.filter((line) => line.marker === "none");
  const known = new Set(plain.flatMap((line) => HOST_KEY_ALGORITHMS[line.keyType] ?? []));
  const all = Object.values(HOST_KEY_ALGORITHMS).flat();
  return known.size === 0 ? all : all.filter((algorithm) => known.has(algorithm));
}

/** Why the key that a server shows is not trusted; null when it is. */
export function refusalOfKey(
  route: Route,
  about: readonly KnownHostLine[],
  key: Buffer,
): ExecutorError | null {
  const verdict = judgeHostKey(about, key);
  const shown = `${keyTypeOf(key) ?? "key"} ${fingerprint(key)}`;
  const server = describeServer(route);
  const file = route.target.access.knownHostsFile ?? "";
  switch (verdict.kind) {
    case "trusted":
      return null;
    case "unknown":
      return refused(
        `${server} is not in ${file}; it shows ${shown}: check that on the host, then add its line`,
      );
    case "changed":
      return refused(
        `${server} shows ${shown}, but ${file}:${verdict.lines.join(",")} knows another key: someone may be in between, or the host was installed anew`,
      );
    case "revoked":
      return refused(`${server} shows ${shown}, which ${file}:${verdict.line} revokes`);
    case "cert-authority":
      return refused(
        `${file}:${verdict.line} trusts a certificate authority for ${server}: host certificates need transport: openssh; or add the host's own key (${shown})`,
      );
  }
}

function fingerprint(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

function refused(message: string, cause?: unknown): ExecutorError {
  return new ExecutorError("host-key-refused", message, { isRetryable: true, cause });
}
