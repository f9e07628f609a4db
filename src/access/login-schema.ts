import { z } from "zod";
import { granteesSchema, positiveDurationSchema, textSchema } from "../platform/schemas.ts";
import { secretSchema } from "../platform/secrets.ts";
import { passwordHashProblem } from "./password.ts";
import { PRINCIPAL_NAME, type Role } from "./principal.ts";
import { addressRangeProblem } from "./address-ranges.ts";

export const GROUPS_MAX = 200;

const personNameSchema = textSchema.regex(
  PRINCIPAL_NAME,
  "a person's name has 1 to 128 letters, digits and . _ @ + - and begins with a letter or digit",
);
/** Of groups everywhere: in the settings, and of people who are kept here. */
export const groupSchema = textSchema.regex(
  /^[^\s,:][^,:]{0,127}$/,
  "a group's name has no comma and no colon",
);

const grantees = (description: string) => granteesSchema.default([]).meta({ description });

const oidcSchema = z.strictObject({
  issuer: z
    .url({ protocol: /^https?$/, error: "write the issuer's URL, such as https://login.example.net" })
    .meta({ description: "Whose `/.well-known/openid-configuration` is read" }),
  client_id: textSchema
    .min(1)
    .meta({ description: "As the provider knows this service; it redirects to `/login/oidc/callback`" }),
  client_secret: secretSchema
    .optional()
    .meta({ description: "None for a public client; PKCE is always used" }),
  scopes: z
    .array(textSchema.regex(/^\S+$/))
    .default(["openid", "profile", "email"])
    .meta({ description: "What the provider is asked for" }),
  name_claim: textSchema
    .min(1)
    .default("preferred_username")
    .meta({ description: "What the person is called here" }),
  groups_claim: textSchema.min(1).default("groups").meta({ description: "A list of names, or one" }),
  label: textSchema.min(1).max(60).default("Single sign-on").meta({ description: "On the button" }),
});

const proxySchema = z.strictObject({
  user_header: textSchema
    .regex(/^[A-Za-z0-9-]+$/, "this is no header name")
    .default("X-Forwarded-User")
    .meta({ description: "Holds the person's name" }),
  groups_header: textSchema
    .regex(/^[A-Za-z0-9-]+$/, "this is no header name")
    .default("X-Forwarded-Groups")
    .meta({ description: "Names with commas between them" }),
  from: z
    .array(
      textSchema.superRefine((text, context) => {
        const problem = addressRangeProblem(text);
        if (problem !== null) context.addIssue({ code: "custom", message: problem });
      }),
    )
    .min(1)
    .meta({
      description: "Addresses of the proxy, such as 10.0.0.5 or 10.0.0.0/24; nobody else is believed",
    }),
});

/** `login:` in nightshift.yml. */
export const loginSchema = z
  .strictObject({
    users: z
      .array(
        z.strictObject({
          name: personNameSchema.meta({ description: "What they type, and what `user:NAME` means" }),
          password_hash: textSchema
            .superRefine((text, context) => {
              const problem = passwordHashProblem(text);
              if (problem !== null) context.addIssue({ code: "custom", message: problem });
            })
            .meta({ description: "From `nightshift user hash`" }),
          groups: z
            .array(groupSchema)
            .max(GROUPS_MAX)
            .default([])
            .meta({ description: "What `group:NAME` means" }),
        }),
      )
      .default([])
      .meta({ description: "People with a password here; others can be added on the running service" }),
    oidc: oidcSchema.optional().meta({ description: "Login by OpenID Connect, with PKCE" }),
    proxy: proxySchema.optional().meta({ description: "A proxy in front that has logged people in" }),
    roles: z
      .strictObject({
        viewer: grantees("Sees lists, status and statistics"),
        responder: grantees("And evidence, payloads and explanations; cancels, pins and notes runs"),
        operator: grantees(
          "And pauses, host holds, breaker resets and replays; decides where a runbook names nobody",
        ),
        admin: grantees("And people, tokens of others, audit export and reload"),
      })
      .prefault({})
      .meta({ description: "Who has which role; the highest one counts" }),
    session: z
      .strictObject({
        idle: positiveDurationSchema.prefault("12h").meta({ description: "Without a request it ends" }),
        absolute: positiveDurationSchema.prefault("7d").meta({ description: "It ends whatever is done" }),
      })
      .prefault({}),
  })
  .superRefine((login, context) => {
    for (const [index, { name }] of login.users.entries())
      if (login.users.findIndex((other) => other.name === name) < index)
        context.addIssue({
          code: "custom",
          path: ["users", index, "name"],
          message: `there are two users named ${name}`,
        });
  })
  .meta({
    description: "Who may come in. Without it everybody who can connect is the local admin, on loopback only",
  });

export type LoginSettings = z.output<typeof loginSchema>;
export type OidcSettings = NonNullable<LoginSettings["oidc"]>;
export type RoleGrants = Readonly<Record<Role, readonly string[]>>;
