import { X509Certificate } from "node:crypto";
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";

/** A file of certificate authorities that cannot be used. */
export class TrustError extends Error {
  override readonly name = "TrustError";
}

/** Believes the authorities of this PEM text beside those that Node believes by itself. Throws {@link TrustError}. */
export function trustAlso(pem: string): SecureContext {
  const own = pem.match(CERTIFICATES) ?? [];
  if (own.length === 0) throw new TrustError("there is no certificate in it; it holds PEM text");
  for (const [index, certificate] of own.entries()) checkCertificate(certificate, index + 1);
  return createSecureContext({ ca: [...getCACertificates("default"), ...own] });
}

const CERTIFICATES = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

function checkCertificate(pem: string, position: number): void {
  try {
    void new X509Certificate(pem);
  } catch (cause) {
    throw new TrustError(`certificate ${position} in it cannot be read`, { cause });
  }
}
