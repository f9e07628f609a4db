import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import ssh2, { type AnyAuthMethod, type ParsedKey } from "ssh2";
import type { SecretRef } from "../platform/secrets.ts";
import { ExecutorError } from "./executor.ts";
import type { Hop } from "./ssh-route.ts";

/** Where secrets and the agent are: the executors read no environment themselves. */
export interface CredentialSources {
  /** Throws SecretError when it cannot be read. */
  readonly readSecret: (ref: SecretRef) => Promise<string>;
  /** `SSH_AUTH_SOCK`; null when there is no agent. */
  readonly agentSocket: string | null;
}

/** For inventories without secrets and agent. */
export const NO_CREDENTIAL_SOURCES: CredentialSources = {
  readSecret: () => Promise.reject(new Error("no secrets can be read here")),
  agentSocket: null,
};

/** The ways to log in to one host, in the order they are tried. Read anew for each connection. */
export interface Credentials {
  /** Throws {@link ExecutorError} `login-refused` when one cannot be read, or none is set. */
  methodsFor(hop: Hop): Promise<readonly AnyAuthMethod[]>;
}

/** Keys kept parsed: deriving a key from its passphrase takes a tenth of a second of the whole process each time. */
const PARSED_KEYS_MAX = 64;

export function createCredentials(sources: CredentialSources): Credentials {
  const parsed = new Map<string, ParsedKey>();
  return {
    methodsFor: async (hop) => {
      const { host, access } = hop;
      const username = host.user;
      const methods: AnyAuthMethod[] = [];
      if (access.keyFile !== null)
        methods.push({ type: "publickey", username, key: await readKey(hop, sources, parsed) });
      if (access.isAgentUsed) methods.push({ type: "agent", username, agent: agentOf(hop, sources) });
      const password = await readSecret(hop, "password", sources);
      if (password !== null) methods.push(...passwordMethods(username, password));
      if (methods.length > 0) return methods;
      throw refused(
        `no SSH key is set for ${host.name}: set key, or agent: true, in its entry, or under defaults, in hosts.yml`,
      );
    },
  };
}

async function readKey(
  hop: Hop,
  sources: CredentialSources,
  parsed: Map<string, ParsedKey>,
): Promise<ParsedKey> {
  const { host, access } = hop;
  const file = access.keyFile ?? "";
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw refused(`the SSH key ${file} of ${host.name} cannot be read`, cause);
  });
  const passphrase = await readSecret(hop, "passphrase", sources);
  const digest = createHash("sha256")
    .update(JSON.stringify([text, passphrase]))
    .digest("base64");
  const known = parsed.get(digest);
  if (known !== undefined) return known;
  const key = ssh2.utils.parseKey(text, passphrase ?? undefined);
  // A file with several keys gives a list, which the types do not say.
  const one: unknown = Array.isArray(key) ? key[0] : key;
  if (one instanceof Error)
    throw refused(`the SSH key ${file} cannot be used${keyAdvice(one, passphrase)}: ${one.message}`);
  if (Array.isArray(key) || key instanceof Error || !key.isPrivateKey())
    throw refused(`the SSH key ${file} cannot be used: it holds no private key`);
  const oldest = parsed.keys().next().value;
  if (parsed.size >= PARSED_KEYS_MAX && oldest !== undefined) parsed.delete(oldest);
  parsed.set(digest, key);
  return key;
}

function keyAdvice({ message }: Error, passphrase: string | null): string {
  if (/no passphrase|encrypted/i.test(message) && passphrase === null) return " without its passphrase";
  if (/decrypt|integrity|passphrase|check/i.test(message) && passphrase !== null)
    return " with the passphrase given";
  return /sk-|cert/i.test(message) ? " (FIDO keys and certificates need transport: openssh)" : "";
}

async function readSecret(
  { host, access }: Hop,
  kind: "passphrase" | "password",
  sources: CredentialSources,
): Promise<string | null> {
  const ref = access[kind];
  if (ref === null) return null;
  return sources.readSecret(ref).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw refused(`the ${kind} for ${host.name} cannot be had: ${why}`, cause);
  });
}

function agentOf({ host }: Hop, { agentSocket }: CredentialSources): string {
  if (agentSocket !== null) return agentSocket;
  throw refused(`${host.name} is to use an SSH agent, but SSH_AUTH_SOCK is not set for Nightshift`);
}

/** A server may take a password only as the answer to a question; another question than that one gets none. */
function passwordMethods(username: string, password: string): AnyAuthMethod[] {
  return [
    { type: "password", username, password },
    {
      type: "keyboard-interactive",
      username,
      prompt: (_name, _instructions, _language, prompts, answer) => {
        const isPassword = prompts.length === 1 && prompts[0]?.echo !== true;
        answer(isPassword ? [password] : prompts.map(() => ""));
      },
    },
  ];
}

function refused(message: string, cause?: unknown): ExecutorError {
  return new ExecutorError("login-refused", message, { isRetryable: true, cause });
}
