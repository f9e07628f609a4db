import { existsSync, type FSWatcher, watch } from "node:fs";
import { dirname } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { FileProblem } from "../platform/problems.ts";
import { type Catalog, type CatalogSource, hasErrors } from "./catalog.ts";
import { type CatalogChanges, compareCatalogs } from "./changes.ts";
import { watchedFolders } from "./files.ts";
import { loadCatalog } from "./load.ts";

/** Editors and Kubernetes make several changes for one save; a file that is half written now is whole by then. */
const SETTLE_MS = 500;

/** Changes that never stop are not waited out for longer. */
const SETTLE_MAX_MS = 5_000;

/** What became of a reload. */
export type ReloadResult =
  | { readonly kind: "changed"; readonly catalog: Catalog; readonly changes: CatalogChanges }
  | { readonly kind: "unchanged"; readonly catalog: Catalog }
  /** The earlier snapshot stays in use. */
  | { readonly kind: "refused"; readonly catalog: Catalog; readonly problems: readonly FileProblem[] };

type Prepare = (catalog: Catalog) => Promise<void>;

/** Holds the snapshot in use, and replaces it only by one without an error. */
export class CatalogHolder {
  #source: CatalogSource;
  #catalog: Catalog;
  #lastProblems: readonly FileProblem[] = [];
  #reloading: Promise<unknown> = Promise.resolve();
  #watching: Watching | undefined;
  readonly #prepare: Prepare;

  private constructor(source: CatalogSource, catalog: Catalog, prepare: Prepare) {
    this.#source = source;
    this.#catalog = catalog;
    this.#prepare = prepare;
  }

  /**
   * Throws {@link CatalogError} when there is an error: at the start there is no earlier snapshot to keep. `prepare` sees every
   * snapshot before it is used.
   */
  static async open(source: CatalogSource, prepare: Prepare = async () => {}): Promise<CatalogHolder> {
    const catalog = await loadCatalog(source);
    if (hasErrors(catalog)) throw new CatalogError(catalog.problems);
    await prepare(catalog);
    return new CatalogHolder(source, catalog, prepare);
  }

  current(): Catalog {
    return this.#catalog;
  }

  /** Problems of the last load: empty when it was good, errors when it was refused. */
  problems(): readonly FileProblem[] {
    return this.#lastProblems;
  }

  /** Loads everything aside and swaps it in if it is good; with `source`, from there. Reloads wait for one another. */
  async reload(source: CatalogSource = this.#source): Promise<ReloadResult> {
    const result = this.#reloading.then(() => this.#load(source));
    this.#reloading = result.catch(() => {});
    return result;
  }

  /** Reloads when a file or folder of the configuration changes, until {@link close}. */
  watch(onReload: (result: ReloadResult) => void, onError: (error: unknown) => void): void {
    this.#watching ??= { watchers: [], timer: undefined, changedSinceMs: undefined, onReload, onError };
    this.#followFolders();
  }

  close(): void {
    if (this.#watching === undefined) return;
    clearTimeout(this.#watching.timer);
    for (const watcher of this.#watching.watchers) watcher.close();
    this.#watching = undefined;
  }

  async #load(source: CatalogSource): Promise<ReloadResult> {
    const loaded = await loadCatalog(source, { revision: this.#catalog.revision + 1 });
    this.#lastProblems = loaded.problems;
    const before = this.#catalog;
    const isGood = !hasErrors(loaded);
    if (isGood) await this.#prepare(loaded);
    const isSame = loaded.digest === before.digest && isDeepStrictEqual(source, this.#source);
    if (isGood && !isSame) {
      this.#catalog = loaded;
      this.#source = source;
    }
    this.#followFolders();
    if (!isGood) return { kind: "refused", catalog: before, problems: loaded.problems };
    if (isSame) return { kind: "unchanged", catalog: before };
    return { kind: "changed", catalog: loaded, changes: compareCatalogs(before, loaded) };
  }

  /** Watches anew after every load: a folder that was replaced has the same name but is another one. */
  #followFolders(): void {
    const watching = this.#watching;
    if (watching === undefined) return;
    const folders = watchedFolders(this.#source, this.#catalog.files).map(nearestExisting);
    const watchers = [...new Set(folders)].flatMap((folder) => {
      try {
        const watcher = watch(folder, { persistent: false }, (_, name) => {
          if (mayMatter(name)) this.#onChange();
        });
        return [watcher.on("error", watching.onError)];
      } catch (error) {
        watching.onError(error);
        return [];
      }
    });
    for (const watcher of watching.watchers) watcher.close();
    watching.watchers = watchers;
  }

  #onChange(): void {
    const watching = this.#watching;
    if (watching === undefined) return;
    const nowMs = performance.now();
    watching.changedSinceMs ??= nowMs;
    clearTimeout(watching.timer);
    watching.timer = setTimeout(
      () => {
        watching.changedSinceMs = undefined;
        this.reload().then(watching.onReload, watching.onError);
      },
      nowMs - watching.changedSinceMs < SETTLE_MAX_MS ? SETTLE_MS : 0,
    );
    watching.timer.unref();
  }
}

/** The folder, or the closest one above it while it is away. */
function nearestExisting(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearestExisting(dirname(folder));
}

/** Files of the configuration, folders, and the links by which Kubernetes swaps a whole folder (`..data`); not databases, logs or swap files. */
function mayMatter(name: string | null): boolean {
  return name === null || name.startsWith("..") || /\.(ya?ml|json|csv)$/.test(name) || !name.includes(".");
}

interface Watching {
  watchers: readonly FSWatcher[];
  timer: NodeJS.Timeout | undefined;
  /** The first change that was not loaded yet. */
  changedSinceMs: number | undefined;
  readonly onReload: (result: ReloadResult) => void;
  readonly onError: (error: unknown) => void;
}

/** The configuration cannot be used. */
export class CatalogError extends Error {
  override readonly name = "CatalogError";
  readonly problems: readonly FileProblem[];

  constructor(problems: readonly FileProblem[]) {
    const errors = problems.filter((problem) => problem.severity === "error");
    super(
      `the configuration has ${errors.length} ${errors.length === 1 ? "error" : "errors"}; run nightshift check`,
    );
    this.problems = problems;
  }
}
