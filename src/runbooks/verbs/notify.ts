import { z } from "zod";
import { nameSchema, textSchema } from "../../platform/schemas.ts";

export interface NotifySpec {
  /** A notifier of the settings. */
  readonly to: string;
  readonly title: string | null;
  readonly text: string;
}

export const notifySchema = z
  .strictObject({ to: nameSchema, title: textSchema.min(1).optional(), text: textSchema.min(1) })
  .transform((notify): NotifySpec => ({ to: notify.to, title: notify.title ?? null, text: notify.text }));
