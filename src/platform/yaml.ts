import {
  type Document,
  isCollection,
  isMap,
  isPair,
  isScalar,
  type Node,
  parseDocument,
  type YAMLMap,
} from "yaml";
import type { z } from "zod";
import { issueText } from "./issue-text.ts";
import { LineIndex } from "./line-index.ts";
import { closestWord, type FileProblem } from "./problems.ts";
import { knownKeysAt } from "./schema-keys.ts";

/** A file larger than this is no file that a person wrote. */
const FILE_BYTES_MAX = 4 * 1024 * 1024;
/** More aliases than any real file has; stops the "billion laughs" file. */
const ALIASES_MAX = 100;

export type Path = readonly (string | number)[];

export interface ProblemPlace {
  /** Mark the key of the last path element rather than its value. */
  readonly onKey?: boolean;
  /** Characters into the value's text where the problem begins, for an expression inside a scalar. */
  readonly offset?: number;
  readonly length?: number;
  readonly severity?: "error" | "warning";
}

/** A mapping as it stands in a file; empty for anything else. */
export function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : {};
}

/** A parsed YAML file that can say where in its text a value stands. */
export class YamlFile {
  readonly file: string;
  readonly text: string;
  readonly value: unknown;
  readonly #document: Document.Parsed;
  readonly #lines: LineIndex;

  private constructor(file: string, text: string, document: Document.Parsed, lines: LineIndex) {
    this.file = file;
    this.text = text;
    this.#document = document;
    this.#lines = lines;
    this.value = document.toJS({ maxAliasCount: ALIASES_MAX });
  }

  /** Parses YAML 1.2 (core schema). Undefined, with `problems` filled, when the text is not usable. */
  static parse(file: string, text: string, problems: FileProblem[]): YamlFile | undefined {
    const whole = { file, line: 1, column: 1, length: 1, severity: "error", sourceLine: "" } as const;
    if (Buffer.byteLength(text) > FILE_BYTES_MAX) {
      problems.push({
        ...whole,
        code: "file-too-large",
        message: `the file is larger than ${FILE_BYTES_MAX} bytes`,
      });
      return undefined;
    }
    const lines = new LineIndex(text);
    const document = parseDocument(text, {
      version: "1.2",
      schema: "core",
      stringKeys: true,
      prettyErrors: false,
    });
    for (const error of [...document.errors, ...document.warnings]) {
      const { line, column } = lines.positionAt(error.pos[0]);
      problems.push({
        ...whole,
        line,
        column,
        code: error.code === "DUPLICATE_KEY" ? "duplicate-key" : "yaml-syntax",
        message: error.code === "NON_STRING_KEY" ? "a key is a text; write it in quotes" : error.message,
        sourceLine: lines.lineText(line),
      });
    }
    if (document.errors.length + document.warnings.length > 0) return undefined;
    try {
      return new YamlFile(file, text, document, lines);
    } catch (error) {
      problems.push({
        ...whole,
        code: "yaml-syntax",
        message: error instanceof Error ? error.message : String(error),
      });
      return undefined;
    }
  }

  /** A problem at the value (or key) the path leads to, or at the nearest parent that exists. */
  problem(path: Path, code: string, message: string, place: ProblemPlace = {}): FileProblem {
    const { start, length } = this.#range(path, place);
    const { line, column } = this.#lines.positionAt(start);
    return {
      file: this.file,
      line,
      column,
      length: place.length ?? length,
      severity: place.severity ?? "error",
      code,
      message,
      sourceLine: this.#lines.lineText(line),
    };
  }

  /** Undefined where the path leads to nothing. */
  valueAt(path: Path): unknown {
    return path.reduce<unknown>(
      (value, part) => (Array.isArray(value) ? (value as unknown[])[Number(part)] : recordOf(value)[part]),
      this.value,
    );
  }

  /** The text of what the path leads to, without the indent that its lines have in the file. */
  textAt(path: Path): string {
    const node = this.#nodeAt(path) ?? this.#document.contents;
    const [start, end] = node?.range ?? [0, this.text.length];
    const indent = this.#lines.positionAt(start).column - 1;
    const lines = this.text.slice(start, end).trimEnd().split("\n");
    return `${lines.map((line, index) => (index === 0 ? line : withoutIndent(line, indent))).join("\n")}\n`;
  }

  /**
   * The value if it fits the schema; otherwise undefined, with one problem pushed for each thing wrong. A key of the full
   * language that this version does not have yet is `not-available` rather than unknown.
   */
  validate<Schema extends z.ZodType>(
    schema: Schema,
    problems: FileProblem[],
    isPlanned: (path: Path) => boolean = () => false,
  ): z.output<Schema> | undefined {
    const result = schema.safeParse(this.value);
    if (result.success) return result.data;
    for (const issue of flattenIssues(result.error.issues))
      this.#pushIssue(schema, issue, problems, isPlanned);
    return undefined;
  }

  #pushIssue(
    schema: z.ZodType,
    issue: z.core.$ZodIssue,
    problems: FileProblem[],
    isPlanned: (path: Path) => boolean,
  ): void {
    const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
    if (issue.code === "unrecognized_keys") {
      const known = knownKeysAt(schema, path);
      for (const key of issue.keys) {
        if (isPlanned([...path, key])) {
          const text = `this version of Nightshift does not have "${key}" yet`;
          problems.push(this.problem([...path, key], "not-available", text, { onKey: true }));
          continue;
        }
        const meant = closestWord(key, known);
        const advice =
          meant === undefined ? `known keys: ${[...known].sort().join(", ")}` : `did you mean "${meant}"?`;
        problems.push(
          this.problem([...path, key], "unknown-key", `unknown key "${key}"; ${advice}`, { onKey: true }),
        );
      }
      return;
    }
    if (path.length === 0 && this.value === null) {
      problems.push(this.problem([], "empty-file", "there is nothing in the file"));
      return;
    }
    const isAboutValue = issue.code === "invalid_type" || issue.code === "invalid_value";
    const missing = isAboutValue && this.#nodeAt(path) === undefined;
    const code = missing ? "missing-key" : "invalid-value";
    const message = missing
      ? `"${String(path.at(-1))}" is required`
      : `${path.at(-1) === undefined ? "" : `${path.join(".")}: `}${issueText(issue)}`;
    problems.push(this.problem(path, code, message));
  }

  #nodeAt(path: Path): Node | undefined {
    const node: unknown = path.length === 0 ? this.#document.contents : this.#document.getIn(path, true);
    return node !== null && typeof node === "object" && "range" in node ? (node as Node) : undefined;
  }

  #range(path: Path, place: ProblemPlace): { start: number; length: number } {
    for (let depth = path.length; depth >= 0; depth -= 1) {
      const isWhole = depth === path.length;
      if (place.onKey === true && isWhole && depth > 0) {
        const key = this.#keyNode(path);
        if (key?.range) return { start: key.range[0], length: Math.max(1, key.range[1] - key.range[0]) };
      }
      const node = this.#nodeAt(path.slice(0, depth));
      if (!node?.range) continue;
      const start =
        isWhole && place.offset !== undefined ? this.#offsetInScalar(node, place.offset) : node.range[0];
      return { start, length: isCollection(node) ? 1 : Math.max(1, node.range[1] - start) };
    }
    return { start: 0, length: 1 };
  }

  #keyNode(path: Path): Node | undefined {
    const parent = path.length === 1 ? this.#document.contents : this.#nodeAt(path.slice(0, -1));
    if (!isMap(parent)) return undefined;
    const pair = (parent as YAMLMap).items.find(
      (item) => isPair(item) && isScalar(item.key) && item.key.value === path.at(-1),
    );
    return pair === undefined ? undefined : (pair.key as Node);
  }

  /** Where in the file the n-th character of a scalar's value stands. Exact for all styles but folded text and escapes. */
  #offsetInScalar(node: Node, offset: number): number {
    const start = node.range?.[0] ?? 0;
    if (!isScalar(node) || typeof node.value !== "string") return start;
    if (node.type === "QUOTE_DOUBLE" || node.type === "QUOTE_SINGLE") return start + 1 + offset;
    if (node.type === "BLOCK_LITERAL" || node.type === "BLOCK_FOLDED")
      return this.#offsetInBlock(start, node.value, offset);
    return start + offset;
  }

  #offsetInBlock(start: number, value: string, offset: number): number {
    const before = value.slice(0, offset).split("\n");
    const header = this.text.indexOf("\n", start) + 1;
    const indent = /^[ \n\r]*?( *)\S/.exec(this.text.slice(header))?.[1]?.length ?? 0;
    let lineStart = header;
    for (let line = 1; line < before.length; line += 1) lineStart = this.text.indexOf("\n", lineStart) + 1;
    return lineStart + indent + (before.at(-1)?.length ?? 0);
  }
}

function withoutIndent(line: string, indent: number): string {
  const own = line.length - line.trimStart().length;
  return line.slice(Math.min(own, indent));
}

/** The issues of a union are those of the branch that came closest: the one that went deepest before it failed. */
function flattenIssues(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue[] {
  return issues.flatMap((issue) => {
    if (issue.code !== "invalid_union" || issue.errors.length === 0) return [issue];
    const depth = (branch: readonly z.core.$ZodIssue[]) =>
      Math.max(0, ...branch.map((inner) => inner.path.length));
    const deepest = issue.errors.reduce((best, branch) => (depth(branch) > depth(best) ? branch : best));
    if (
      depth(deepest) === 0 &&
      issue.errors.length > 1 &&
      !deepest.some((inner) => inner.code === "unrecognized_keys")
    )
      return [issue];
    return flattenIssues(deepest.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })));
  });
}
