import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const VERSIONS = "/usr/lib/postgresql";
/** Where psql looks when nobody says otherwise, as on any Debian server. */
const SOCKET_FOLDER = "/var/run/postgresql";
const SOCKET = join(SOCKET_FOLDER, ".s.PGSQL.5432");

/** Why no PostgreSQL server of its own can be started here, where `psql` without any flag finds it; null when one can. */
export function postgresAbsence(): string | null {
  if (process.getuid?.() !== 0)
    return "the test of the database runbook changes to the user postgres, and needs root";
  if (!existsSync(VERSIONS)) return "PostgreSQL is not installed (Debian: apt-get install postgresql)";
  if (spawnSync("sudo", ["-n", "true"]).status !== 0)
    return "sudo is not installed (Debian: apt-get install sudo)";
  return existsSync(SOCKET)
    ? "a PostgreSQL server of this machine is running; the test would change it"
    : null;
}

export interface Postgres {
  /** Runs SQL as the user postgres; what it prints, without headings. */
  sql(database: string, text: string): string;
  /** Writes a dump of a database, as `pg_dump --format=custom` does. */
  dump(database: string, file: string): void;
  stop(): void;
}

/** A server with a new cluster, on the socket of the machine's default, without a network port. */
export function startPostgres(): Postgres {
  const programs = join(VERSIONS, readdirSync(VERSIONS).toSorted().at(-1) ?? "", "bin");
  const folder = mkdtempSync(join(tmpdir(), "nightshift-postgres-"));
  const data = join(folder, "data");
  mkdirSync(SOCKET_FOLDER, { recursive: true });
  execFileSync("chown", ["postgres:", folder, SOCKET_FOLDER]);
  const asPostgres = (program: string, args: readonly string[]) =>
    execFileSync("sudo", ["-n", "-u", "postgres", program, ...args], {
      cwd: "/",
      encoding: "utf8",
      stdio: "pipe",
    });
  asPostgres(join(programs, "initdb"), ["--pgdata", data, "--auth=peer", "--no-sync"]);
  const options = `-c listen_addresses= -c port=5432 -c unix_socket_directories=${SOCKET_FOLDER} -c fsync=off`;
  asPostgres(join(programs, "pg_ctl"), [
    "--pgdata",
    data,
    "--wait",
    "--log",
    join(folder, "log"),
    "-o",
    options,
    "start",
  ]);
  return {
    sql: (database, text) =>
      asPostgres("psql", ["-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", text]),
    dump: (database, file) => void asPostgres("pg_dump", ["--format=custom", "--file", file, database]),
    stop() {
      asPostgres(join(programs, "pg_ctl"), ["--pgdata", data, "--mode=immediate", "--wait", "stop"]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
