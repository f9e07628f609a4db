import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Certificates {
  /** PEM of the authority. */
  readonly authority: string;
  /** PEM of a server's certificate for this name, signed by the authority, and its key. */
  readonly certificate: string;
  readonly key: string;
}

/** An authority of our own, and what it signed. Made by openssl, valid for a day. */
export function makeCertificates(name: string): Certificates {
  const folder = mkdtempSync(join(tmpdir(), "nightshift-certificates-"));
  const file = (of: string) => join(folder, of);
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  try {
    openssl(
      "req",
      "-x509",
      ...newKey,
      "-keyout",
      "ca.key",
      "-out",
      "ca.pem",
      "-days",
      "1",
      "-subj",
      "/CN=Test authority",
    );
    openssl("req", ...newKey, "-keyout", "own.key", "-out", "own.csr", "-subj", `/CN=${name}`);
    writeFileSync(file("names"), `subjectAltName=DNS:${name}\n`);
    openssl(
      "x509",
      "-req",
      "-in",
      "own.csr",
      "-CA",
      "ca.pem",
      "-CAkey",
      "ca.key",
      "-CAcreateserial",
      "-days",
      "1",
      "-extfile",
      "names",
      "-out",
      "own.pem",
    );
    const read = (of: string) => readFileSync(file(of), "utf8");
    return { authority: read("ca.pem"), certificate: read("own.pem"), key: read("own.key") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
