/** What somebody pasted, as `POST /rules/explain` takes it. */
export type Pasted =
  | {
      readonly kind: "labels";
      readonly labels: Readonly<Record<string, string>>;
      readonly annotations: Readonly<Record<string, string>>;
    }
  | { readonly kind: "payload"; readonly payload: unknown };

/** What is wrong, and in which line, counted from 1. */
export class PastedError extends Error {
  override readonly name = "PastedError";
  readonly line: number;

  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`);
    this.line = line;
  }
}
