import { type Executors, openExecutors } from "../../src/executors/executors.ts";
import { type Host, type InventoryHost, LOCAL_HOST } from "../../src/hosts/host.ts";
import { sshdAbsence, startSshd, type TestSshd } from "../support/sshd.ts";
import { entry, LOCAL, sshEntry, sshHost } from "./fixtures.ts";

/** Every way to run a command: here, by our own SSH client, by the ssh program. */
export const TRANSPORTS = ["local", "ssh2", "openssh"] as const;
export type TestTransport = (typeof TRANSPORTS)[number];

/** Why a transport cannot be tested here; null when it can. The ssh program comes with ssh-keygen, which sshd's tests need. */
export function absenceOf(transport: TestTransport): string | null {
  return transport === "local" ? null : sshdAbsence;
}

export interface Transports {
  readonly executors: Executors;
  readonly hosts: Readonly<Record<TestTransport, Host>>;
  readonly sshd: TestSshd | null;
  readonly close: () => Promise<void>;
}

/** One executor for each transport; those over SSH reach a server with the lines of `config`. */
export async function openTransports(
  workFolder: string,
  more: Partial<InventoryHost> = {},
  config: readonly string[] = [],
): Promise<Transports> {
  const sshd = sshdAbsence === null ? await startSshd(config) : null;
  const executors = openExecutors({
    workFolder,
    lookUp: (name) => {
      if (name === LOCAL_HOST || sshd === null) return entry(more);
      return sshEntry(sshd, more, name === "openssh" ? "openssh" : "ssh2");
    },
  });
  const hostOf = (name: string) => (sshd === null ? LOCAL : sshHost(sshd, name));
  return {
    executors,
    hosts: { local: LOCAL, ssh2: hostOf("ssh2"), openssh: hostOf("openssh") },
    sshd,
    close: async () => {
      await executors.close();
      await sshd?.close();
    },
  };
}
