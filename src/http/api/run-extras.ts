import { readNewestBundle } from "../../store/evidence.ts";
import { readKeeping } from "../../store/run-keeping.ts";
import type { Store } from "../../store/store.ts";
import type { RunExtras } from "./shapes/run.ts";

/** What the API says of a run beside its own record. */
export async function readRunExtras({ reader }: Store, id: string): Promise<RunExtras> {
  const [bundle, keeping] = await Promise.all([readNewestBundle(reader, id), readKeeping(reader, [id])]);
  return { bundle, keeping: keeping.get(id) };
}
