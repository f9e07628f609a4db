import { describe, expect, test } from "vitest";
import { changedHosts, hostOf, inputsForExpressions, makePlan, type Plan } from "../../src/runbooks/plan.ts";
import { inventoryOf } from "../hosts/hosts-file.ts";
import { runbookOf } from "./runbook-text.ts";

const HOSTS = `
hosts:
  - {name: web-1, address: 10.0.0.1, labels: {role: web}, become: [root]}
  - {name: db-1, address: 10.0.0.5, aliases: [db]}
`;
const inventory = inventoryOf(HOSTS);

const runbook = runbookOf(
  `
- {id: look, target: db, effect: read, command: [uptime]}
- {id: probe, http: {url: "http://\${{ inputs.host.address }}/"}}
- {id: restart, target: "\${{ inputs.host }}", become: true, command: [restart]}`,
  "{host: {type: host}, times: {type: integer, default: 1}}",
  "on_failure: [{id: tidy, target: '${{ inputs.times > 5 ? \"db-1\" : inputs.host.name }}', command: [tidy]}]",
);

function planOf(raw: Record<string, unknown>, hosts = inventory): { plan: Plan; digest: string } {
  const planning = makePlan(runbook, raw, { inventory: hosts, runbooks: new Map() });
  if (!planning.ok) throw new Error(JSON.stringify(planning.errors));
  return planning;
}

describe("a plan", () => {
  test("freezes the inputs, the hosts, and where each step runs", () => {
    const { plan, digest } = planOf({ host: "web-1:9100" });
    expect(plan).toEqual({
      schema: 2,
      runbook: { name: "example", digest: runbook.digest },
      inputs: { host: "web-1", times: 1 },
      hostInputs: ["host"],
      hosts: [
        { name: "db-1", address: "10.0.0.5", port: 22, user: "nightshift", labels: {}, become: [] },
        {
          name: "web-1",
          address: "10.0.0.1",
          port: 22,
          user: "nightshift",
          labels: { role: "web" },
          become: ["root"],
        },
      ],
      targets: { look: "db-1", restart: "web-1", tidy: "web-1" },
      changes: ["web-1"],
      items: {},
      calls: {},
    });
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
  });

  test("chooses a target by the inputs", () => {
    expect(planOf({ host: "web-1", times: 6 }).plan.targets["tidy"]).toBe("db-1");
  });

  test("survives JSON, which is how it is stored", () => {
    const { plan } = planOf({ host: "web-1" });
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  });

  test("says which hosts its steps change", () => {
    expect(changedHosts(planOf({ host: "web-1" }).plan).map((host) => host.name)).toEqual(["web-1"]);
  });

  test("gives a step its host, and none to a step that Nightshift does itself", () => {
    const { plan } = planOf({ host: "web-1" });
    expect(hostOf(plan, "restart")?.address).toBe("10.0.0.1");
    expect(hostOf(plan, "probe")).toBeUndefined();
    expect(hostOf(plan, "toString")).toBeUndefined();
  });

  test("shows a host input to expressions as an object", () => {
    expect(inputsForExpressions(planOf({ host: "web-1" }).plan, planOf({ host: "web-1" }).plan)).toEqual({
      host: {
        name: "web-1",
        address: "10.0.0.1",
        port: 22,
        user: "nightshift",
        labels: new Map([["role", "web"]]),
      },
      times: 1,
    });
  });
});

describe("its digest", () => {
  const { digest } = planOf({ host: "web-1" });

  test("is the same for the same inputs, however they were spelled or ordered", () => {
    expect(planOf({ times: "1", host: "10.0.0.1:443" }).digest).toBe(digest);
  });

  test.each([
    ["an input", { host: "web-1", times: 2 }, HOSTS],
    ["a host's address", { host: "web-1" }, HOSTS.replace("10.0.0.1", "10.0.0.2")],
    ["a host's user", { host: "web-1" }, HOSTS.replace("10.0.0.1", "10.0.0.1, user: root")],
    ["a host's port", { host: "web-1" }, HOSTS.replace("10.0.0.1", "10.0.0.1, port: 23")],
    ["whom steps may become", { host: "web-1" }, HOSTS.replace("[root]", "[root, app]")],
  ])("changes with %s", (_, raw, hosts) => {
    expect(planOf(raw, inventoryOf(hosts)).digest).not.toBe(digest);
  });

  test("does not change with what is looked up at execution", () => {
    const hosts = HOSTS.replace("10.0.0.1", "10.0.0.1, readable: [/var/log/**], known_hosts: /etc/kh");
    expect(planOf({ host: "web-1" }, inventoryOf(hosts)).digest).toBe(digest);
  });
});

describe("no plan is made", () => {
  test.each([
    ["for a host outside the inventory", { host: "evil" }, HOSTS, "/host", "unknown-host"],
    [
      "when a fixed target is gone",
      { host: "web-1" },
      HOSTS.replace("[db]", "[other]"),
      "/steps/look",
      "unknown-host",
    ],
    [
      "when a step may not become its user there",
      { host: "web-1" },
      HOSTS.replace("[root]", "[app]"),
      "/steps/restart",
      "become-not-allowed",
    ],
    ["on a host that allows no user at all", { host: "db-1" }, HOSTS, "/steps/restart", "become-not-allowed"],
  ])("%s", (_, raw, hosts, pointer, code) => {
    const planning = makePlan(runbook, raw, { inventory: inventoryOf(hosts), runbooks: new Map() });
    expect(planning.ok ? [] : planning.errors).toMatchObject([{ pointer, code }]);
  });
});
