import type { ReadSecret } from "./engine/secrets.ts";
import type { KnownSecrets } from "./known-secrets.ts";
import { resolveSecret, SecretError, type SecretReaders } from "./platform/secrets.ts";
import { KNOWN_CHARS_MIN } from "./redaction/known-values.ts";
import type { Settings } from "./settings/load.ts";

/**
 * The settings' secrets for runbooks. One that cannot be read does not keep the service from starting: the steps that use it
 * fail, and say why.
 */
export async function readSecrets(
  settings: Settings,
  readers: SecretReaders,
  known: KnownSecrets,
): Promise<Map<string, ReadSecret>> {
  const secrets = new Map<string, ReadSecret>();
  for (const [name, ref] of Object.entries(settings.secrets)) {
    secrets.set(
      name,
      await resolveSecret(ref, known.learning(name, readers)).then(judge, (error: unknown): ReadSecret => {
        if (error instanceof SecretError) return { kind: "unreadable", message: error.message };
        throw error;
      }),
    );
  }
  return secrets;
}

function judge(value: string): ReadSecret {
  if (value.length >= KNOWN_CHARS_MIN) return { kind: "value", value };
  const message = `it has fewer than ${KNOWN_CHARS_MIN} characters, which cannot be kept out of logs and files`;
  return { kind: "unreadable", message };
}
