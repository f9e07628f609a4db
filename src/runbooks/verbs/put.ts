import { z } from "zod";
import { textSchema } from "../../platform/schemas.ts";
import { SECRET_NAME } from "../../platform/secrets.ts";

/** A longer text belongs into a file input. */
const TEXT_CHARS_MAX = 1024 * 1024;

/** What a file is to hold, and where and how it is to be on its host. */
export interface PutSpec {
  readonly from:
    | { readonly kind: "text"; readonly text: string }
    /** The text of an input, or the content of a file that was uploaded for it. Rendering makes the two others of it. */
    | { readonly kind: "input"; readonly input: string }
    /** A file on the machine of Nightshift. Only after rendering. */
    | { readonly kind: "file"; readonly path: string };
  /** Absolute path, inside the host's `writable`. */
  readonly to: string;
  /** Permission bits in octal; null to leave them, or for `0600` of a new file. */
  readonly mode: string | null;
  /** `user` or `user:group`; null to leave it. */
  readonly owner: string | null;
  readonly isBackedUp: boolean;
}

const NAME = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}";

const fromSchema = z
  .strictObject({
    text: textSchema
      .max(TEXT_CHARS_MAX, `a text has at most ${TEXT_CHARS_MAX} characters; use an input of type file`)
      .optional()
      .meta({ description: "Exactly this; may hold ${{ }}" }),
    input: textSchema
      .min(1)
      .optional()
      .meta({ description: "Name of an input of type file, secret or string" }),
    secret: textSchema
      .regex(SECRET_NAME, "this is no name of a secret")
      .optional()
      .meta({ description: "Name of a secret that the runbook lists under secrets" }),
  })
  .refine(
    ({ text, input, secret }) => [text, input, secret].filter((one) => one !== undefined).length === 1,
    "from is one of: text, input, secret",
  )
  .transform(({ text, input, secret }): PutSpec["from"] => {
    if (input !== undefined) return { kind: "input", input };
    return { kind: "text", text: secret === undefined ? (text ?? "") : secretTemplate(secret) };
  });

/** `from: {secret: NAME}` says the same as this text. */
export function secretTemplate(name: string): string {
  return `\${{ secrets.${name} }}`;
}

export const putSchema = z
  .strictObject({
    from: fromSchema,
    to: textSchema
      .refine(
        (path) => path.startsWith("/") || path.startsWith("${{"),
        "a path is absolute, such as /etc/ssl/web.pem",
      )
      .refine((path) => !path.split("/").includes(".."), "a path has no .. in it")
      .meta({ description: "Absolute path, inside the host's writable" }),
    mode: z
      .string('write the mode in quotes, such as "0640": YAML would take it for another number')
      .regex(/^0?[0-7]{3}$/, 'a mode is three octal digits, such as "0640"')
      .optional()
      .meta({ description: 'Such as "0640"; default: as it was, or 0600 for a new file' }),
    owner: textSchema
      .regex(new RegExp(`^${NAME}(:${NAME})?$`), "an owner is a user, or user:group")
      .optional()
      .meta({ description: "user or user:group; default: as it was, or who writes it for a new file" }),
    backup: z
      .boolean()
      .default(false)
      .meta({ description: "Keeps the old file beside the new one, as NAME.nightshift-RUNID" }),
  })
  .transform(
    (put): PutSpec => ({
      from: put.from,
      to: put.to,
      mode: put.mode ?? null,
      owner: put.owner ?? null,
      isBackedUp: put.backup,
    }),
  );
