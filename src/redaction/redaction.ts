import { BUILT_IN_NAMES, BUILT_IN_PATTERNS } from "./built-in-patterns.ts";
import { type KnownValue, searchKnownValues } from "./known-values.ts";
import { type OwnPattern, OwnPatternLayer } from "./own-patterns.ts";
import { searchPatterns } from "./pattern.ts";
import { redactJson } from "./redact-json.ts";
import type { Finding, Layer, LayerOptions, Search } from "./search.ts";
import { SearchLayer } from "./search-layer.ts";

export interface RedactionOptions {
  readonly known: readonly KnownValue[];
  readonly own: readonly OwnPattern[];
  /** Called when a stream has ended or a text was dealt with, once for each name that was found. */
  readonly onRedacted: (name: string, count: number) => void;
}

/** Takes secrets out of everything that is stored, logged or sent. What it gives no longer holds any that it knows. */
export interface Redaction {
  /** For bytes that come in pieces. The output does not depend on how they were cut. */
  open(options: StreamOptions): RedactedStream;
  text(text: string): string;
  textOrNull(text: string | null): string | null;
  /** The same value with every text in it redacted, names of members too. */
  json(value: unknown): unknown;
  /** The same with further secrets, by their names: those that one run was given. */
  including(secrets: ReadonlyMap<string, string>): Redaction;
  /** Every name that may stand in a mask and in the metric. */
  readonly names: readonly string[];
}

export interface StreamOptions {
  /** Gets what is left, in order. The bytes are valid only until the call returns. */
  emit(part: Uint8Array): void;
  /** Asked for by people who try their patterns; it costs time. */
  readonly onFinding?: (name: string, line: number) => void;
}

export interface RedactedStream {
  /** Gives on what nothing that comes later can change; holds at most what is documented in docs/security.md. */
  push(chunk: Uint8Array): void;
  /** Gives on what was held. Once. */
  end(): void;
  /** How often something was replaced so far. */
  readonly redactions: number;
  readonly counts: ReadonlyMap<string, number>;
}

export function createRedaction(options: RedactionOptions): Redaction {
  return withBuiltIn(options, searchPatterns(BUILT_IN_PATTERNS));
}

function withBuiltIn({ known, own, onRedacted }: RedactionOptions, builtIn: Search): Redaction {
  const { text: knownText, base64: knownBase64 } = searchKnownValues(known);
  const searches = [knownText, knownBase64, builtIn].filter((search) => search !== null);
  const open = (options: StreamOptions) => openStream({ searches, own, onRedacted }, options);
  const values = new Map(known.map(({ name, value }) => [value, name]));
  const text = (source: string) => redactText(open, source);
  const included = new WeakMap<ReadonlyMap<string, string>, Redaction>();
  const include = (secrets: ReadonlyMap<string, string>) => {
    const more = [...secrets].map(([name, value]) => ({ name, value }));
    const redaction = withBuiltIn({ known: [...known, ...more], own, onRedacted }, builtIn);
    included.set(secrets, redaction);
    return redaction;
  };
  const self: Redaction = {
    open,
    text,
    textOrNull: (source) => (source === null ? null : text(source)),
    json: (value) => redactJson(value, text, values),
    including: (secrets) => (secrets.size === 0 ? self : (included.get(secrets) ?? include(secrets))),
    names: [...new Set([...known, ...own].map(({ name }) => name).concat(BUILT_IN_NAMES))],
  };
  return self;
}

interface Parts {
  readonly searches: readonly Search[];
  readonly own: readonly OwnPattern[];
  readonly onRedacted: RedactionOptions["onRedacted"];
}

function openStream({ searches, own, onRedacted }: Parts, options: StreamOptions): RedactedStream {
  const counts = new Map<string, number>();
  let redactions = 0;
  const lines = options.onFinding === undefined ? null : new LineNumbers(options.onFinding);
  const layerOptions = (depth: number, emit: (part: Uint8Array) => void): LayerOptions => ({
    emit,
    count(name) {
      counts.set(name, (counts.get(name) ?? 0) + 1);
      redactions += 1;
    },
    onFinding: lines === null ? null : (finding) => lines.note(depth, finding),
  });
  // From the last layer to the first, each giving on to the one behind it.
  const layers: Layer[] = [];
  let emit = (part: Uint8Array) => options.emit(part);
  const prepend = (layer: Layer) => {
    layers.unshift(layer);
    emit = (part) => layer.push(part);
  };
  if (own.length > 0) prepend(new OwnPatternLayer(own, layerOptions(searches.length, emit)));
  for (const [depth, search] of [...searches.entries()].toReversed())
    prepend(new SearchLayer(search, layerOptions(depth, emit)));
  return {
    push: (chunk) => layers[0]?.push(chunk),
    end() {
      for (const layer of layers) layer.end();
      for (const [name, count] of counts) onRedacted(name, count);
    },
    get redactions() {
      return redactions;
    },
    counts,
  };
}

function redactText(open: Redaction["open"], source: string): string {
  if (source === "") return source;
  const parts: Uint8Array[] = [];
  const stream = open({ emit: (part) => parts.push(Buffer.from(part)) });
  stream.push(Buffer.from(source, "utf8"));
  stream.end();
  return stream.redactions === 0 ? source : Buffer.concat(parts).toString("utf8");
}

/** Line numbers of the original: a layer counts in what the layers before it have left, where lines may be gone. */
class LineNumbers {
  readonly #onFinding: (name: string, line: number) => void;
  /** For each layer: lines of its output behind which lines of its input are gone, and how many. */
  readonly #gone: { readonly line: number; readonly count: number }[][] = [];

  constructor(onFinding: (name: string, line: number) => void) {
    this.#onFinding = onFinding;
  }

  note(depth: number, { name, line, lineBreaks }: Finding): void {
    let original = line;
    for (let layer = depth - 1; layer >= 0; layer -= 1)
      original += goneBefore(this.#gone[layer] ?? [], original);
    if (lineBreaks > 0) {
      const own = (this.#gone[depth] ??= []);
      const output = line - own.reduce((sum, { count }) => sum + count, 0);
      own.push({ line: output, count: lineBreaks });
    }
    this.#onFinding(name, original);
  }
}

function goneBefore(
  gone: readonly { readonly line: number; readonly count: number }[],
  line: number,
): number {
  return gone.filter((each) => each.line < line).reduce((sum, { count }) => sum + count, 0);
}
