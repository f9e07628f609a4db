import { describe, expect, test } from "vitest";
import { runbookAddressPolicy } from "../../src/outbound/address-policy.ts";
import { createAddressClassifier } from "../../src/outbound/addresses.ts";

const classifier = createAddressClassifier();

test.each([
  ["8.8.8.8", "public"],
  ["172.32.0.1", "public"],
  ["2606:4700::1111", "public"],
  ["10.0.0.11", "private"],
  ["172.31.255.255", "private"],
  ["192.168.1.1", "private"],
  ["100.64.0.1", "private"],
  ["fd12::1", "private"],
  ["127.0.0.1", "loopback"],
  ["127.255.255.254", "loopback"],
  ["::1", "loopback"],
  ["0:0:0:0:0:0:0:1", "loopback"],
  ["0.0.0.0", "unspecified"],
  ["0.1.2.3", "unspecified"],
  ["::", "unspecified"],
  ["169.254.169.254", "metadata"],
  ["169.254.170.2", "metadata"],
  ["100.100.100.200", "metadata"],
  ["168.63.129.16", "metadata"],
  ["fd00:ec2::254", "metadata"],
  ["169.254.42.42", "metadata"],
  ["fe80::a9fe:a9fe", "metadata"],
  ["169.254.1.1", "link_local"],
  ["fe80::1", "link_local"],
  ["febf::1", "link_local"],
  ["::ffff:127.0.0.1", "embedded"],
  ["::ffff:7f00:1", "embedded"],
  ["::ffff:8.8.8.8", "embedded"],
  ["::127.0.0.1", "embedded"],
  ["64:ff9b::a9fe:a9fe", "embedded"],
  ["2002:7f00:1::", "embedded"],
  ["2001:0:1::1", "embedded"],
  ["224.0.0.1", "multicast"],
  ["ff02::1", "multicast"],
  ["255.255.255.255", "reserved"],
  ["192.0.2.1", "reserved"],
  ["2001:db8::1", "reserved"],
  ["fe80::1%eth0", "invalid"],
  ["127.1", "invalid"],
  ["0x7f000001", "invalid"],
  ["017700000001", "invalid"],
  ["localhost", "invalid"],
  ["", "invalid"],
])("%s is %s", (address, expected) => {
  expect(classifier.classify(address)).toBe(expected);
});

describe("what a runbook may reach", () => {
  const policy = runbookAddressPolicy({
    httpHosts: [
      "api.example.net",
      "*.shop.example",
      "127.0.0.1",
      "[::1]",
      "169.254.10.10",
      "169.254.169.254",
      "localhost",
    ],
    inventory: ["web-1", "10.0.0.11", "127.0.0.2"],
  });
  test.each<[string, string, boolean]>([
    ["api.example.net", "8.8.8.8", true],
    ["API.example.net.", "8.8.8.8", true],
    ["other.example.net", "8.8.8.8", false],
    ["xapi.example.net", "8.8.8.8", false],
    ["a.shop.example", "8.8.8.8", true],
    ["a.b.shop.example", "10.1.1.1", true],
    ["shop.example", "8.8.8.8", false],
    ["evilshop.example", "8.8.8.8", false],
    ["web-1", "10.0.0.11", true],
    ["10.0.0.11", "10.0.0.11", true],
    ["10.0.0.12", "10.0.0.12", false],
    // A name that is allowed must not lead to an address that is not.
    ["api.example.net", "127.0.0.1", false],
    ["api.example.net", "169.254.10.10", false],
    ["api.example.net", "169.254.169.254", false],
    ["api.example.net", "::ffff:127.0.0.1", false],
    ["api.example.net", "0.0.0.0", false],
    ["web-1", "127.0.0.1", false],
    ["a.shop.example", "::1", false],
    // Loopback and the like only where http_hosts names the address itself.
    ["127.0.0.1", "127.0.0.1", true],
    ["::1", "::1", true],
    ["localhost", "127.0.0.1", true],
    ["localhost", "::1", true],
    ["localhost", "10.0.0.11", true],
    ["127.0.0.2", "127.0.0.2", false],
    ["169.254.10.10", "169.254.10.10", true],
    ["169.254.169.254", "169.254.169.254", false],
  ])("%s at %s: %s", (hostname, address, expected) => {
    expect(policy.allowsAddress(hostname, address)).toBe(expected);
    // Nothing is allowed at a host that is refused before it is looked up.
    expect(policy.allowsHost(hostname) || !expected).toBe(true);
  });
});
