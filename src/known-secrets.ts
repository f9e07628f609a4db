import type { SecretReaders } from "./platform/secrets.ts";
import type { KnownValue } from "./redaction/known-values.ts";

/** More than any installation has; beyond it the oldest are forgotten. */
const VALUES_MAX = 10_000;

/** Every secret that was read since the start: what was replaced by a reload may still stand in the output of what runs. */
export class KnownSecrets {
  readonly #names = new Map<string, string>();
  #revision = 0;

  /** Changes with each value that was not known before. */
  get revision(): number {
    return this.#revision;
  }

  add(name: string, value: string): void {
    const trimmed = value.replace(/[\r\n]+$/, "");
    if (trimmed === "") return;
    if (this.#names.get(trimmed) !== name) this.#revision += 1;
    this.#names.delete(trimmed);
    this.#names.set(trimmed, name);
    const [oldest] = this.#names.keys();
    if (this.#names.size > VALUES_MAX && oldest !== undefined) this.#names.delete(oldest);
  }

  list(): KnownValue[] {
    return [...this.#names].map(([value, name]) => ({ name, value }));
  }

  /** The same readers; what they read is known under the name from then on. */
  learning(name: string, readers: SecretReaders): SecretReaders {
    const learn = (text: string) => {
      this.add(name, text);
      return text;
    };
    return {
      readFile: async (path) => learn(await readers.readFile(path)),
      runCommand: async (command) => learn(await readers.runCommand(command)),
      env: new Proxy(readers.env, {
        get(variables, variable) {
          const value = typeof variable === "string" ? variables[variable] : undefined;
          return value === undefined ? undefined : learn(value);
        },
      }),
    };
  }
}
