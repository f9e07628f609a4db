import { buildLiterals } from "./literals.ts";
import { maskOf, NO, type Search, type Span, type Verdict, type View, WAIT } from "./search.ts";
import { base64Forms, type Form, textForms } from "./value-forms.ts";

/** A secret whose value is known, and what stands in its place. */
export interface KnownValue {
  readonly name: string;
  readonly value: string;
}

/** A shorter value cannot be told apart from ordinary text: it is not looked for. */
export const KNOWN_CHARS_MIN = 4;
/** A shorter value is replaced only where it is a word of its own. */
export const KNOWN_CHARS_ANYWHERE_MIN = 8;
/** Lines of a value of several lines (a key) that are looked for by themselves, too. */
const LINE_CHARS_MIN = 20;

/** What is found of the values: as text, and as base64. Null where there is nothing to look for. */
export interface KnownSearches {
  readonly text: Search | null;
  readonly base64: Search | null;
}

export function searchKnownValues(values: readonly KnownValue[]): KnownSearches {
  const looked = values
    .flatMap(partsOf)
    .filter(({ value }) => value.length >= KNOWN_CHARS_MIN)
    .map(({ name, value }) => ({ name, value, isWord: value.length < KNOWN_CHARS_ANYWHERE_MIN }));
  return {
    text: searchForms(
      looked.flatMap(({ name, value, isWord }) => textForms(value).map((form) => ({ form, name, isWord }))),
      false,
    ),
    base64: searchForms(
      looked.flatMap(({ name, value, isWord }) =>
        base64Forms(value, isWord).map((form) => ({ form, name, isWord })),
      ),
      true,
    ),
  };
}

/** A value itself, the lines of a key, and the password of a URL: each may be printed alone. */
function partsOf(known: KnownValue): KnownValue[] {
  const { name, value } = known;
  const lines = value
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line.length >= LINE_CHARS_MIN && !/\s/.test(line));
  const parts = lines.length > 0 && value.includes("\n") ? lines : [];
  return [value, ...parts, ...passwordOf(value)].map((part) => ({ name, value: part }));
}

function passwordOf(value: string): string[] {
  const password = /^[a-z][a-z0-9+.-]{1,20}:\/\/[^/?#@]{0,256}?:([^/?#]{1,1024})@/i.exec(value)?.[1];
  if (password === undefined) return [];
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}

interface NamedForm {
  readonly form: Form;
  readonly name: string;
  /** Only where it is a word of its own. */
  readonly isWord: boolean;
}

function searchForms(forms: readonly NamedForm[], skipsLineBreaks: boolean): Search | null {
  const byAnchor = new Map<string, NamedForm[]>();
  for (const each of forms) {
    for (const anchor of each.form.anchors) {
      const key = Buffer.from(anchor).toString("latin1");
      byAnchor.set(key, [...(byAnchor.get(key) ?? []), each]);
    }
  }
  if (byAnchor.size === 0) return null;
  const owners = [...byAnchor.values()];
  const masks = new Map(forms.map(({ name }) => [name, Buffer.from(maskOf(name))]));
  return {
    literals: buildLiterals(
      [...byAnchor.keys()].map((key) => Buffer.from(key, "latin1")),
      { isFolded: false, skipsLineBreaks },
    ),
    // One value may begin in the middle of another and end behind it.
    skipsCovered: false,
    judge: (literal, view, at) => judge(owners[literal] ?? [], masks, view, at),
  };
}

/** The longest form that stands there. */
function judge(
  forms: readonly NamedForm[],
  masks: ReadonlyMap<string, Uint8Array>,
  view: View,
  at: number,
): Verdict {
  let found: Span | null = null;
  for (const { form, name, isWord } of forms) {
    const end = form.match(view, at);
    if (end === "wait") return WAIT;
    if (end === "no" || (found !== null && end <= found.end)) continue;
    if (isWord) {
      if (end >= view.end && !view.isEnd) return WAIT;
      const next = end < view.end ? view.bytes[end] : undefined;
      if (form.isWithin(at > 0 ? view.bytes[at - 1] : undefined, next)) continue;
    }
    const mask = form.encodeMask?.(maskOf(name)) ?? masks.get(name) ?? Buffer.from(maskOf(name));
    found = { start: at, end, name, mask, rest: null, priority: 0 };
  }
  return found === null ? NO : { kind: "found", span: found };
}
