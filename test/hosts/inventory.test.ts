import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseMatchers } from "../../src/expressions/matchers.ts";
import { HostLookupError } from "../../src/hosts/inventory.ts";
import { inventoryOf } from "./hosts-file.ts";

const inventory = inventoryOf(`
defaults: {user: deploy, port: 2222, known_hosts: known_hosts, key: {file: /run/secrets/key}}
hosts:
  - {name: web-1, address: 10.0.0.1, aliases: [web-1.example.net], labels: {role: web, env: prod}}
  - {name: web-2, address: 10.0.0.2, labels: {role: web, env: test}, port: 22, user: root, automation: off, become: [app]}
  - {name: db-1, address: "2001:db8::5", labels: {role: db}, known_hosts: /etc/ssh/other}
  - {name: nat-1, address: 10.0.0.9, port: 2201}
  - {name: nat-2, address: 10.0.0.9, port: 2202}
  - {name: "10.0.0.2", address: 10.9.9.9}
`);

function lookupCode(text: string): string {
  try {
    return inventory.resolve(text).name;
  } catch (error) {
    if (error instanceof HostLookupError) return error.code;
    throw error;
  }
}

describe("lookup", () => {
  test.each([
    ["web-1", "web-1"],
    ["web-1:9100", "web-1"],
    ["web-1.example.net", "web-1"],
    ["web-1.example.net:443", "web-1"],
    ["10.0.0.1", "web-1"],
    ["10.0.0.1:9100", "web-1"],
    ["2001:db8::5", "db-1"],
    ["[2001:db8::5]:9100", "db-1"],
    ["[2001:db8::5]", "db-1"],
    ["local", "local"],
    // A name wins over another host's address.
    ["10.0.0.2", "10.0.0.2"],
    ["10.0.0.9", "ambiguous-host"],
    ["10.0.0.9:9100", "ambiguous-host"],
    ["10.0.0.3", "unknown-host"],
    ["127.0.0.1", "unknown-host"],
    ["localhost", "unknown-host"],
    ["", "unknown-host"],
    [":9100", "unknown-host"],
    ["WEB-1", "unknown-host"],
    ["web-1:9100:9100", "unknown-host"],
    ["root@web-1", "unknown-host"],
    ["-oProxyCommand=touch canary", "unknown-host"],
    ["__proto__", "unknown-host"],
    ["constructor", "unknown-host"],
  ])("%j is %s", (text, expected) => {
    expect(lookupCode(text)).toBe(expected);
  });

  test("offers the name that was probably meant", () => {
    expect(() => inventory.resolve("wbe-1")).toThrow('did you mean "web-1"?');
  });

  test("names every host that is meant when there are two", () => {
    expect(() => inventory.resolve("10.0.0.9")).toThrow("nat-1, nat-2");
  });

  test("whatever the text, it finds a host of the inventory or says why not", () => {
    const names = new Set(inventory.hosts.map((host) => host.name));
    const codes = new Set(["unknown-host", "ambiguous-host"]);
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const found = lookupCode(text);
        expect(names.has(found) || codes.has(found)).toBe(true);
      }),
    );
  });
});

describe("entries", () => {
  test("take what they do not say from the file's defaults, and paths from its folder", () => {
    expect(inventory.resolve("web-1")).toMatchObject({
      address: "10.0.0.1",
      port: 2222,
      user: "deploy",
      access: { knownHostsFile: "/etc/nightshift/known_hosts", keyFile: "/run/secrets/key" },
      isAutomated: true,
    });
    expect(inventory.resolve("web-2")).toMatchObject({
      port: 22,
      user: "root",
      become: ["app"],
      isAutomated: false,
    });
    expect(inventory.resolve("db-1").access.knownHostsFile).toBe("/etc/ssh/other");
  });

  test("local exists without an entry, and nothing of it may be read", () => {
    expect(inventory.local).toMatchObject({
      name: "local",
      address: "",
      readable: [],
      become: [],
      labels: {},
    });
  });

  test("an entry named local gives it labels and readable roots, but no address", () => {
    const declared = inventoryOf(`
defaults: {user: deploy, port: 2222}
hosts:
  - {name: local, labels: {role: control}, readable: [/var/log/**]}
`);
    expect(declared.hosts).toHaveLength(1);
    expect(declared.local).toMatchObject({
      address: "",
      port: 0,
      user: "",
      labels: { role: "control" },
      readable: ["/var/log/**"],
    });
  });
});

describe("selectors", () => {
  const select = (text: string) => inventory.select(parseMatchers(text)).map((host) => host.name);

  test.each([
    ['role = "web"', ["web-1", "web-2"]],
    ['role = "web", env != "test"', ["web-1"]],
    ['role =~ "web|db"', ["web-1", "web-2", "db-1"]],
  ])("%s", (selector, names) => {
    expect(select(selector)).toEqual(names);
  });

  test.each(['role = "cache"', "", 'toString = "x"'])("%j selects nothing, which is an error", (selector) => {
    expect(() => select(selector)).toThrow("selects no host");
  });
});
