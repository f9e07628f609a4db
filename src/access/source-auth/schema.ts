import { z } from "zod";
import { durationSchema } from "../../platform/schemas.ts";
import { secretsSchema } from "../../platform/secrets.ts";

const GRAFANA_SIGNATURE_HEADER = "X-Grafana-Alerting-Signature";

const headerSchema = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, "is no name of a header");
const userSchema = z
  .string()
  .min(1)
  .regex(/^[^:\p{Cc}]+$/u, "a user name has no colon");

const bearerSchema = z
  .strictObject({ bearer: secretsSchema })
  .transform(({ bearer }) => ({ kind: "bearer" as const, tokens: bearer }));

const basicSchema = z
  .strictObject({ basic: z.strictObject({ username: userSchema, password: secretsSchema }) })
  .transform(({ basic }) => ({
    kind: "basic" as const,
    username: basic.username,
    passwords: basic.password,
  }));

const hmacSchema = z
  .strictObject({
    hmac: z.strictObject({
      secret: secretsSchema,
      header: headerSchema
        .default(GRAFANA_SIGNATURE_HEADER)
        .meta({ description: "Holds the signature in lower-case hexadecimal digits" }),
      timestamp_header: headerSchema.optional().meta({
        description: "Holds Unix seconds and is signed too; without one a captured request can be sent again",
      }),
      tolerance: durationSchema
        .prefault("5m")
        .meta({ description: "How far the timestamp may be from now, either way" }),
    }),
  })
  .transform(({ hmac }) => ({
    kind: "hmac" as const,
    secrets: hmac.secret,
    header: hmac.header.toLowerCase(),
    timestampHeader: hmac.timestamp_header?.toLowerCase() ?? null,
    toleranceMs: hmac.tolerance,
  }));

const standardWebhooksSchema = z
  .strictObject({
    standard_webhooks: z.strictObject({
      secret: secretsSchema,
      tolerance: durationSchema
        .prefault("5m")
        .meta({ description: "How far the timestamp may be from now, either way" }),
    }),
  })
  .transform(({ standard_webhooks: { secret, tolerance } }) => ({
    kind: "standard_webhooks" as const,
    secrets: secret,
    toleranceMs: tolerance,
  }));

const noneSchema = z.literal("none").transform(() => ({ kind: "none" as const }));

/** The `auth:` of a source: `none`, or an object with one of `bearer`, `basic`, `hmac` and `standard_webhooks`. */
export const sourceAuthSchema = z.union([
  bearerSchema,
  basicSchema,
  hmacSchema,
  standardWebhooksSchema,
  noneSchema,
]);
/** A source's authentication with its secrets still to be read. */
export type SourceAuthSettings = z.output<typeof sourceAuthSchema>;
