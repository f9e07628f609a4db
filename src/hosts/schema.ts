import { z } from "zod";
import { textSchema } from "../platform/schemas.ts";

/** No slash, no space, no leading dash or dot: a name becomes a folder of a bundle and an argument of ssh. */
const NAME = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/;
/** A DNS name, an IPv4 or an IPv6 address without brackets. */
const ADDRESS = /^[A-Za-z0-9:]([A-Za-z0-9.:_%-]{0,251}[A-Za-z0-9:])?$/;
const USER = /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/;

const hostNameSchema = textSchema.regex(
  NAME,
  "a host's name has letters, digits, dots, - and _, and begins and ends with a letter or digit",
);
const addressSchema = textSchema.regex(
  ADDRESS,
  "write a DNS name or an IP address, without a user, a port or brackets",
);
const userSchema = textSchema.regex(USER, "this is no user name");
const portSchema = z.int().min(1).max(65_535);
const keySchema = z.strictObject({ file: textSchema.min(1) });

const readableSchema = textSchema
  .regex(/^\//, "a readable glob is an absolute path, such as /var/log/**")
  .refine((glob) => !glob.split("/").includes(".."), "a readable glob has no .. in it")
  .meta({ description: "Files that collect may read, such as /var/log/**; symlinks are resolved first" });

const hostSchema = z.strictObject({
  name: hostNameSchema,
  address: addressSchema.optional().meta({ description: "Where to connect; required but for local" }),
  port: portSchema.optional(),
  user: userSchema.optional(),
  aliases: z.array(addressSchema).default([]),
  labels: z.record(z.string(), textSchema).default({}),
  become: z
    .array(userSchema)
    .default([])
    .meta({ description: "Users that steps may become on this host, by sudo -n" }),
  automation: z
    .enum(["on", "off"])
    .default("on")
    .meta({ description: "off: no rule may change this host; people still may" }),
  exclusive: z.boolean().optional().meta({
    description:
      "One run at a time changes this host. Default: true; false for local, whose steps act on something else",
  }),
  readable: z.array(readableSchema).default([]),
  known_hosts: textSchema.min(1).optional(),
  key: keySchema.optional(),
});

/** hosts.yml as operators write it. */
export const hostsFileSchema = z.strictObject({
  defaults: z
    .strictObject({
      user: userSchema.optional(),
      port: portSchema.optional(),
      known_hosts: textSchema.min(1).optional(),
      key: keySchema.optional(),
    })
    .default({}),
  hosts: z.array(hostSchema),
});

export type HostsFile = z.output<typeof hostsFileSchema>;
export type HostEntry = HostsFile["hosts"][number];

/** Keys of the full language that this version does not have. */
export const PLANNED_HOST_KEYS: ReadonlySet<string> = new Set(["via", "writable"]);
