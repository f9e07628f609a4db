import type { Labels } from "./alert.ts";

const SEPARATOR = 0xff;
/** FNV-1a's 64-bit offset basis and prime in halves of 32 bits, since a BigInt is 30 times slower. The prime is 2^40 + 0x1b3. */
const OFFSET_HIGH = 0xcbf29ce4;
const OFFSET_LOW = 0x84222325;
const PRIME_LOW = 0x1b3;
const TWO_TO_32 = 4_294_967_296;
/** UTF-16 code units from here on do not sort as UTF-8 does: surrogates come before U+E000, but stand for what comes after. */
const FIRST_SURROGATE = 0xd800;
/** A UTF-16 code unit needs at most 3 bytes in UTF-8. */
const UTF8_BYTES_MAX = 3;

/**
 * The fingerprint that Alertmanager gives these labels: FNV-1a 64 over `name 0xFF value 0xFF`, sorted by name in UTF-8 byte
 * order, as 16 hexadecimal digits (prometheus/common model/signature.go). No cryptographic hash: never a proof of anything.
 */
export function fingerprintOf(labels: Labels): string {
  const names = [...labels.keys()].sort(compareUtf8);
  let bytesMax = 0;
  for (const [name, value] of labels) bytesMax += (name.length + value.length) * UTF8_BYTES_MAX + 2;
  const bytes = Buffer.allocUnsafe(bytesMax);
  let end = 0;
  for (const name of names) {
    end += bytes.write(name, end);
    bytes[end] = SEPARATOR;
    end += 1 + bytes.write(labels.get(name) ?? "", end + 1);
    bytes[end] = SEPARATOR;
    end += 1;
  }
  return fnv1a64(bytes, end);
}

const FINGERPRINT = /^[0-9a-f]{16}$/;

/** Whether the text is a fingerprint as Alertmanager and Grafana send it. */
export function isFingerprint(text: string): boolean {
  return FINGERPRINT.test(text);
}

/** The order of the strings' UTF-8 bytes, which is that of their code points. */
function compareUtf8(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    const leftUnit = left.charCodeAt(index);
    const rightUnit = right.charCodeAt(index);
    if (leftUnit === rightUnit) continue;
    if (leftUnit < FIRST_SURROGATE || rightUnit < FIRST_SURROGATE) return leftUnit - rightUnit;
    return Buffer.compare(Buffer.from(left), Buffer.from(right));
  }
  return left.length - right.length;
}

function fnv1a64(bytes: Uint8Array, end: number): string {
  let high = OFFSET_HIGH;
  let low = OFFSET_LOW;
  for (let index = 0; index < end; index += 1) {
    low = (low ^ (bytes[index] ?? 0)) >>> 0;
    // (high·2^32 + low)·(2^40 + 0x1b3) modulo 2^64; the product of the low half has 41 bits, which a number holds exactly.
    const product = low * PRIME_LOW;
    const carry = Math.floor(product / TWO_TO_32);
    high = (Math.imul(high, PRIME_LOW) + (low << 8) + carry) >>> 0;
    low = product >>> 0;
  }
  return high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0");
}
