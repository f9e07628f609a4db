import type { KnownValue } from "../../src/redaction/known-values.ts";
import { compileRedactPatterns } from "../../src/settings/redact-patterns.ts";
import { createRedaction, type Redaction } from "../../src/redaction/redaction.ts";

/** A redaction that knows these values, and has these patterns of its own. */
export function redactionWith(
  known: readonly KnownValue[] = [],
  own: readonly { readonly name: string; readonly regex: string }[] = [],
): Redaction {
  return createRedaction({ known, own: compileRedactPatterns({ patterns: [...own] }), onRedacted: () => {} });
}

/** The output for an input that comes in these pieces. */
export function redactPieces(redaction: Redaction, pieces: Iterable<Uint8Array>): Buffer {
  const parts: Uint8Array[] = [];
  const stream = redaction.open({ emit: (part) => parts.push(Buffer.from(part)) });
  for (const piece of pieces) stream.push(piece);
  stream.end();
  return Buffer.concat(parts);
}

/** The bytes cut at these places. */
export function cutAt(bytes: Uint8Array, ...places: readonly number[]): Uint8Array[] {
  return [0, ...places].map((place, index) => bytes.subarray(place, places[index] ?? bytes.byteLength));
}

export function piecesOf(bytes: Uint8Array, length: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.byteLength / length) }, (_, index) =>
    bytes.subarray(index * length, (index + 1) * length),
  );
}

const BODY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj";

/** A private key of about this size. */
export function privateKey(bytes: number): string {
  const lines = Array.from({ length: Math.ceil(bytes / (BODY.length + 1)) }, () => BODY);
  return `-----BEGIN PRIVATE KEY-----\n${lines.join("\n")}\n-----END PRIVATE KEY-----`;
}

const A36 = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hI6";

/** For each built-in pattern texts with a secret in them: before it, the secret, behind it. Put together here, so that no scanner finds them. */
export const EXAMPLES: readonly (readonly [name: string, before: string, secret: string, after: string])[] = [
  ["private-key", "key: ", privateKey(1_700), "\nnext"],
  ["private-key", '{"key":"', privateKey(900).replaceAll("\n", "\\n"), '\\n"}'],
  ["aws-access-key", "id=", `AKIA${"IOSFODNN7EXAMPLE"}`, " x"],
  ["aws-secret-key", "aws_secret_access_key = ", `wJalrXUtnFEMI/K7MDENG/${"bPxRfiCYEXAMPLEKEY"}`, "\n"],
  ["aws-secret-key", '"SecretAccessKey": "', `wJalrXUtnFEMI/K7MDENG/${"bPxRfiCYEXAMPLEKEY"}`, '"'],
  ["aws-signature", "?X-Amz-Signature=", A36 + A36, "&x=1"],
  ["gcp-key", "key ", `AIza${A36.slice(0, 35)}`, " x"],
  ["gcp-key", "oauth ", `GOCSPX-${A36}`, " x"],
  ["gcp-key", "t ", `ya29.${A36}`, " x"],
  ["azure-key", "DefaultEndpointsProtocol=https;AccountKey=", `${A36}${A36}==`, ";EndpointSuffix=x"],
  ["azure-key", "?sv=2022&sig=", `${A36}%2F${A36}%3D`, "&se=1"],
  ["github-token", "clone with ", `ghp_${A36}`, " ok"],
  ["github-token", "x ", `github_pat_${A36}_${A36}`, " ok"],
  ["gitlab-token", "x ", `glpat-${A36.slice(0, 20)}`, " ok"],
  ["slack-token", "x ", `xoxb-${"123456789012"}-${A36}`, " ok"],
  ["slack-webhook", "https://hooks.slack.com/services/", `T00000000/B00000000/${A36}`, " ok"],
  ["stripe-key", "x ", `sk_live_${A36}`, " ok"],
  ["npm-token", "x ", `npm_${A36}`, " ok"],
  ["pypi-token", "x ", `pypi-Ag${A36}${A36}`, " ok"],
  ["jwt", "cookie ", `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.${A36}`, " ok"],
  ["bearer-token", "sent bearer ", `${A36}`, " ok"],
  ["authorization", "Authorization: Bearer ", "abc.def-123", "\r\nHost: x"],
  ["authorization", "authorization: Basic ", "dXNlcjpwYXNz", " x"],
  ["authorization", '"Authorization":["Bearer ', "abc.def-123", '"]'],
  ["authorization", "Authorization: ", 'Digest username="x", response="6629fae49393a0"', "\nx"],
  ["url-password", "postgres://app:", "hunter2", "@db:5432/x"],
  ["url-password", "amqp://app:", "p@ss:w0rd", "@db"],
  ["password", "DB_PASSWORD=", "hunter2", " next"],
  ["password", "passwd: ", "hun,ter2", "\nnext: 1"],
  ["password", "password = '", "hunter 2", "' # x"],
  ["password", '{"user":"a","password":"', 'hun\\"ter, 2', '","b":1}'],
  ["password", '{"log":"{\\"password\\":\\"', "hunter 2", '\\",\\"b\\":1}"}'],
  ["password", "mysql -u root --password ", "hunter2", " db"],
  ["password", "Server=db;Database=x;Pwd=", "hunter2", ";Timeout=3"],
  ["secret", "client_secret=", "abc%20def", "&grant=x"],
  ["secret", "api_key: ", "0123456789abcdef", "\n"],
  ["secret", "token: ", "a1b2c3d4", "\n"],
  ["secret", '"apiKey": ', "1234567", ', "b": 1'],
  ["secret", "GITHUB_TOKEN=", "abcdef", "\n"],
];
