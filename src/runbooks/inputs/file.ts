import { z } from "zod";
import type { ObjectType } from "../../expressions/expression.ts";
import { formatBytes } from "../../platform/bytes.ts";
import { sha256 } from "../../platform/digest.ts";
import { bytesSchema } from "../../platform/schemas.ts";
import { COMMON_KEYS } from "./common-keys.ts";
import { accepted, type InputKind, refused } from "./kind.ts";
import { isUnprintable } from "./text.ts";

const MIB = 1024 * 1024;

/** The content is held in memory and in one row of the database. */
export const FILE_INPUT_BYTES_MAX = 8 * MIB;
const NAME_BYTES_MAX = 255;

const schema = z.strictObject({
  type: z.literal("file"),
  ...COMMON_KEYS,
  default: z.never("a file has no default; write required: false").optional(),
  max_size: bytesSchema
    .refine((bytes) => bytes > 0 && bytes <= FILE_INPUT_BYTES_MAX, "must be from 1B to 8MiB")
    .default(MIB),
});
export type FileSpec = z.output<typeof schema>;

/** `path` is there once the run has begun. */
const FILE: ObjectType = { fields: { name: "string", path: "string", size: "int", sha256: "string" } };

/** Given as {name, base64}. The plan holds name, size and SHA-256. */
export const fileKind = {
  schema,
  problem: () => undefined,
  bind(spec, given) {
    const upload = uploadSchema.safeParse(given);
    if (!upload.success)
      return refused("wrong-type", 'a file is needed: {"name": "web.pem", "base64": its content in base64}');
    const { name, base64 } = upload.data;
    if (!isFileName(name))
      return refused(
        "wrong-type",
        "the name must be that of a file alone, without a folder, such as web.pem",
      );
    // Four characters are three bytes; looked at before anything is decoded.
    const tooLong = refused("too-long", `the file may have at most ${formatBytes(spec.max_size)}`);
    if (base64.length > Math.ceil(spec.max_size / 3) * 4) return tooLong;
    const content = Buffer.from(base64, "base64");
    if (content.toString("base64") !== base64)
      return refused("wrong-type", "the content is no base64 (RFC 4648, with its = at the end)");
    if (content.length === 0) return refused("too-short", "the file is empty");
    if (content.length > spec.max_size) return tooLong;
    return accepted({ name, size: content.length, sha256: sha256(content) }, { content });
  },
  valueType: () => FILE,
  textParts: () => ["path", "name"],
  jsonSchema: (spec) => ({
    type: "object",
    properties: {
      name: { type: "string", minLength: 1, maxLength: NAME_BYTES_MAX },
      base64: {
        type: "string",
        contentEncoding: "base64",
        minLength: 1,
        maxLength: Math.ceil(spec.max_size / 3) * 4,
      },
    },
    required: ["name", "base64"],
    additionalProperties: false,
  }),
  shape: ({ max_size }) => ({ max_size }),
} satisfies InputKind<FileSpec>;

const uploadSchema = z.strictObject({ name: z.string(), base64: z.string() });

/** The name is shown, and may become an argument; nothing is ever stored under it. */
function isFileName(name: string): boolean {
  if (name === "" || name === "." || name === ".." || Buffer.byteLength(name) > NAME_BYTES_MAX) return false;
  return !/[/\\]|^-/.test(name) && !isUnprintable(name);
}
