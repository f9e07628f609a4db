import { resolveSecret, SecretError, type SecretReaders, type SecretRef } from "../../platform/secrets.ts";
import type { SourceAuthSettings } from "./schema.ts";
import type { SourceAuth } from "./authenticate.ts";
import { standardWebhooksKey } from "./standard-webhooks.ts";

/** Reads a source's secrets; done at start and at each reload. Throws {@link SecretError}. */
export async function resolveSourceAuth(
  settings: SourceAuthSettings,
  readers: SecretReaders,
): Promise<SourceAuth> {
  const resolveAll = (refs: readonly SecretRef[]): Promise<string[]> =>
    Promise.all(refs.map((ref) => resolveSecret(ref, readers)));
  switch (settings.kind) {
    case "none":
      return settings;
    case "bearer":
      return { kind: "bearer", tokens: await resolveAll(settings.tokens) };
    case "basic":
      return { kind: "basic", username: settings.username, passwords: await resolveAll(settings.passwords) };
    case "hmac":
      return { ...settings, secrets: await resolveAll(settings.secrets) };
    case "standard_webhooks":
      return { ...settings, secrets: (await resolveAll(settings.secrets)).map(decodeKey) };
  }
}

function decodeKey(secret: string): Buffer {
  const key = standardWebhooksKey(secret);
  if (key !== undefined) return key;
  throw new SecretError("a Standard Webhooks secret is `whsec_` and the base64 of 24 to 64 bytes");
}
