import { textSchema } from "../platform/schemas.ts";

/** `everyone`, `user:NAME` or `group:NAME`. */
const PRINCIPAL = /^(everyone|(user|group):[^\s{}$]{1,200})$/;

export const principalSchema = textSchema.regex(
  PRINCIPAL,
  "write everyone, user:NAME or group:NAME, such as group:sre",
);
