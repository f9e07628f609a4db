import type { ExecutorError } from "../executors/executor.ts";
import { type InventoryHost, LOCAL_HOST } from "../hosts/host.ts";

/** Checks whose advice depends on the host. */
export type AdvisedCheck = "reachable" | "host key" | "login" | "shell" | "readable" | `become ${string}`;

/** One thing that a step may need of a host. */
export interface HostCheck {
  readonly check: AdvisedCheck | "clock" | "disk" | "programs";
  readonly status: "ok" | "failed" | "skipped";
  /** What was found. */
  readonly message: string;
  /** What to do about a failure; null where there is none. */
  readonly advice: string | null;
}

export function ok(check: HostCheck["check"], message: string): HostCheck {
  return { check, status: "ok", message, advice: null };
}

export function skipped(check: HostCheck["check"], message: string): HostCheck {
  return { check, status: "skipped", message, advice: null };
}

export function failed(check: HostCheck["check"], message: string, advice: string): HostCheck {
  return { check, status: "failed", message, advice };
}

/** What to do when a check of the host fails. */
export function adviceFor(host: InventoryHost, check: AdvisedCheck, error: ExecutorError | null): string {
  switch (check) {
    case "reachable":
      return reachAdvice(host);
    case "host key":
      return hostKeyAdvice(host);
    case "login":
      return `let ${host.user} log in there with the key of the entry: its public half belongs in ~${host.user}/.ssh/authorized_keys on the host`;
    case "readable":
      return `correct the globs under readable in its entry, or give ${host.user === "" ? "the user of the service" : host.user} the right to read there, such as by the group adm`;
    case "shell":
      return error?.code === "not-found"
        ? "install what is named"
        : "log in by hand and see what the login shell prints and does";
    default:
      return becomeAdvice(host, check.slice("become ".length));
  }
}

function reachAdvice({ address, port, access }: InventoryHost): string {
  if (access.via !== null)
    return `check the jump host first: nightshift host test ${access.via}; then from there that ${address} port ${port} answers`;
  return `check that the machine runs, that sshd listens on port ${port} of ${address}, and that no firewall is in between`;
}

/** The name under which known_hosts has the server, and how to get its line without trusting the network. */
function hostKeyAdvice({ name, address, port, access }: InventoryHost): string {
  const known = port === 22 ? address : `[${address}]:${port}`;
  const file = access.knownHostsFile ?? "known_hosts";
  const scan = `ssh-keyscan -t ed25519 -p ${port} ${address}`;
  const where = access.via === null ? "here" : `on ${access.via}, from where the host is reached`;
  return [
    `run ${where}: ${scan} > candidate; ssh-keygen -lf candidate`,
    `on ${name} itself, by its console: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`,
    `only when both show the same SHA256 sum add the line to ${file}; a changed key's old line goes by: ssh-keygen -R '${known}' -f ${file}`,
  ].join("\n");
}

function becomeAdvice({ name, user }: InventoryHost, other: string): string {
  const login = name === LOCAL_HOST ? "the user of the service" : user;
  return `allow it in sudoers, by visudo on the host: ${login} ALL=(${other}) NOPASSWD: /bin/sh; or take ${other} out of become`;
}
