import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

const scryptAsync = promisify<
  string,
  Buffer,
  number,
  { N: number; r: number; p: number; maxmem: number },
  Buffer
>(scrypt);

/** OWASP's password storage cheat sheet names N=2^15, r=8, p=3 as one of its equal minimums; it takes 32 MiB. */
const LOG_N = 15;
const BLOCK_SIZE = 8;
const PARALLEL = 3;
const SALT_BYTES = 16;
const HASH_BYTES = 32;

export const PASSWORD_CHARS_MIN = 12;
export const PASSWORD_CHARS_MAX = 1_024;

/** Of the form that {@link hashPassword} writes. */
const PASSWORD_HASH =
  /^scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{16,88}={0,2})\$([A-Za-z0-9+/]{32,88}={0,2})$/;

/** More than these a hash in the settings cannot ask for: each login would take as long, and as much memory. */
const LOG_N_MAX = 18;
const BLOCK_SIZE_MAX = 16;
const PARALLEL_MAX = 8;

interface HashParts {
  readonly logN: number;
  readonly blockSize: number;
  readonly parallel: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** `scrypt$ln=15,r=8,p=3$SALT$HASH`, both in base64. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const parts = { logN: LOG_N, blockSize: BLOCK_SIZE, parallel: PARALLEL, salt };
  const hash = await derive(password, parts, HASH_BYTES);
  return `scrypt$ln=${LOG_N},r=${BLOCK_SIZE},p=${PARALLEL}$${salt.toString("base64")}$${hash.toString("base64")}`;
}

/** What is wrong with a hash in the settings; null when it can be used. */
export function passwordHashProblem(text: string): string | null {
  return parse(text) === null ? "this is no hash of a password; make one with: nightshift user hash" : null;
}

/** Takes as long for a hash that is null as for one that is there, so that names cannot be tried out. */
export async function isPassword(password: string, hash: string | null): Promise<boolean> {
  const parts = hash === null ? null : parse(hash);
  const against = parts ?? NOBODY;
  const derived = await derive(password, against, against.hash.byteLength);
  return timingSafeEqual(derived, against.hash) && parts !== null;
}

const NOBODY: HashParts = {
  logN: LOG_N,
  blockSize: BLOCK_SIZE,
  parallel: PARALLEL,
  salt: randomBytes(SALT_BYTES),
  hash: randomBytes(HASH_BYTES),
};

function parse(text: string): HashParts | null {
  const match = PASSWORD_HASH.exec(text);
  if (match === null) return null;
  const [logN = 0, blockSize = 0, parallel = 0] = match.slice(1, 4).map(Number);
  if (logN < 1 || logN > LOG_N_MAX || blockSize < 1 || blockSize > BLOCK_SIZE_MAX) return null;
  if (parallel < 1 || parallel > PARALLEL_MAX) return null;
  const [salt = "", hash = ""] = match.slice(4);
  return { logN, blockSize, parallel, salt: Buffer.from(salt, "base64"), hash: Buffer.from(hash, "base64") };
}

async function derive(
  password: string,
  { logN, blockSize, parallel, salt }: Omit<HashParts, "hash">,
  bytes: number,
): Promise<Buffer> {
  const N = 2 ** logN;
  // Twice of what it takes: Node refuses at exactly the amount.
  const maxmem = 2 * 128 * N * blockSize;
  return scryptAsync(password.normalize("NFKC"), salt, bytes, { N, r: blockSize, p: parallel, maxmem });
}
