import { z } from "zod";
import { textSchema, wordSchema } from "../platform/schemas.ts";
import { secretSchema } from "../platform/secrets.ts";
import { TRANSPORTS } from "./host.ts";

/** No slash, no space, no leading dash or dot: a name becomes a folder of a bundle and an argument of ssh. */
const NAME = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/;
/** A DNS name, an IPv4 or an IPv6 address without brackets. */
const ADDRESS = /^[A-Za-z0-9:]([A-Za-z0-9.:_%-]{0,251}[A-Za-z0-9:])?$/;
const USER = /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/;

export const hostNameSchema = textSchema.regex(
  NAME,
  "a host's name has letters, digits, dots, - and _, and begins and ends with a letter or digit",
);
export const addressSchema = textSchema.regex(
  ADDRESS,
  "write a DNS name or an IP address, without a user, a port or brackets",
);
const userSchema = textSchema.regex(USER, "this is no user name");

const globSchema = (kind: "readable" | "writable", example: string) =>
  textSchema
    .regex(/^\//, `a ${kind} glob is an absolute path, such as ${example}`)
    .refine((glob) => !glob.split("/").includes(".."), `a ${kind} glob has no .. in it`);

/** What an entry may say, and `defaults` for all entries of the file that do not. */
const SHARED = {
  user: userSchema.optional(),
  port: z.int().min(1).max(65_535).optional(),
  transport: wordSchema(TRANSPORTS).optional().meta({
    description:
      "ssh2: our own client. openssh: the ssh program of this machine, for its ssh_config, certificates and FIDO keys",
  }),
  via: hostNameSchema.nullable().optional().meta({
    description: "Name of the host that the connection goes through; null for a direct one",
  }),
  known_hosts: textSchema.min(1).optional(),
  key: z.strictObject({ file: textSchema.min(1) }).optional(),
  passphrase: secretSchema.optional().meta({ description: "Of the key" }),
  agent: z.boolean().optional().meta({ description: "Also try the keys of the agent at SSH_AUTH_SOCK" }),
  password: secretSchema.optional().meta({ description: "Tried last; a key is better" }),
  become: z
    .array(userSchema)
    .optional()
    .meta({ description: "Users that steps may become on this host, by sudo -n" }),
  readable: z.array(globSchema("readable", "/var/log/**")).optional().meta({
    description: "Files that collect may read, such as /var/log/**; symlinks are resolved first",
  }),
  writable: z.array(globSchema("writable", "/etc/ssl/web/*")).optional().meta({
    description: "Files that put may write, such as /etc/ssl/web/*; symlinks are resolved first",
  }),
  automation: z
    .enum(["on", "off"])
    .optional()
    .meta({ description: "off: no rule may change this host; people still may" }),
  exclusive: z.boolean().optional().meta({
    description:
      "One run at a time changes this host. Default: true; false for local, whose steps act on something else",
  }),
} as const;

const hostSchema = z.strictObject({
  name: hostNameSchema,
  address: addressSchema.optional().meta({ description: "Where to connect; required but for local" }),
  aliases: z.array(addressSchema).default([]),
  labels: z.record(z.string(), textSchema).default({}),
  ...SHARED,
});

/** hosts.yml as operators write it. */
export const hostsFileSchema = z.strictObject({
  defaults: z.strictObject(SHARED).default({}),
  hosts: z.array(hostSchema),
});

/** A file of Prometheus' file_sd: `[{targets: ["web-1:9100"], labels: {job: node}}]`. */
export const fileSdSchema = z.array(
  z.strictObject({
    targets: z.array(textSchema),
    labels: z.record(z.string(), textSchema).default({}),
  }),
);

export type HostsFile = z.output<typeof hostsFileSchema>;
export type HostEntry = HostsFile["hosts"][number];
export type HostDefaults = HostsFile["defaults"];
export type TargetGroup = z.output<typeof fileSdSchema>[number];
