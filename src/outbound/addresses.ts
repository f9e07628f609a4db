import { BlockList, isIP } from "node:net";

/**
 * What an address leads to. `embedded` is an IPv6 address that stands for an IPv4 one (mapped, compatible, NAT64, 6to4,
 * Teredo): an odd way to write an address, whose usual purpose is to get past a check.
 */
export type AddressClass =
  | "public"
  | "private"
  | "loopback"
  | "link_local"
  | "metadata"
  | "unspecified"
  | "multicast"
  | "reserved"
  | "embedded"
  | "invalid";

type Range = readonly [network: string, prefix: number];

/** In this order, since some lie within others. From IANA's special-purpose registries and the clouds' own documents. */
const RANGES: readonly (readonly [AddressClass, readonly Range[]])[] = [
  [
    "metadata",
    [
      ["169.254.169.254", 32],
      ["169.254.170.2", 32],
      ["169.254.170.23", 32],
      ["169.254.42.42", 32],
      ["169.254.0.23", 32],
      ["100.100.100.200", 32],
      ["168.63.129.16", 32],
      ["192.0.0.192", 32],
      ["fd00:ec2::254", 128],
      ["fd00:ec2::23", 128],
      ["fd20:ce::254", 128],
      ["fd00:42::42", 128],
      ["fe80::a9fe:a9fe", 128],
    ],
  ],
  [
    "loopback",
    [
      ["127.0.0.0", 8],
      ["::1", 128],
    ],
  ],
  [
    "unspecified",
    [
      ["0.0.0.0", 8],
      ["::", 128],
    ],
  ],
  [
    "embedded",
    [
      ["::", 96],
      ["::ffff:0:0", 96],
      ["::ffff:0:0:0", 96],
      ["64:ff9b::", 96],
      ["64:ff9b:1::", 48],
      ["2001::", 32],
      ["2002::", 16],
    ],
  ],
  [
    "link_local",
    [
      ["169.254.0.0", 16],
      ["fe80::", 10],
    ],
  ],
  [
    "multicast",
    [
      ["224.0.0.0", 4],
      ["ff00::", 8],
    ],
  ],
  [
    "reserved",
    [
      ["240.0.0.0", 4],
      ["192.0.0.0", 24],
      ["192.0.2.0", 24],
      ["198.18.0.0", 15],
      ["198.51.100.0", 24],
      ["203.0.113.0", 24],
      ["100::", 64],
      ["2001:db8::", 32],
      ["fec0::", 10],
    ],
  ],
  [
    "private",
    [
      ["10.0.0.0", 8],
      ["172.16.0.0", 12],
      ["192.168.0.0", 16],
      ["100.64.0.0", 10],
      ["fc00::", 7],
    ],
  ],
];

/** Classes of addresses; build one and keep it. */
export interface AddressClassifier {
  classify(address: string): AddressClass;
}

export function createAddressClassifier(): AddressClassifier {
  const lists = RANGES.map(([name, ranges]) => [name, blockListOf(ranges)] as const);
  return {
    classify(address) {
      const version = isIP(address);
      if (version === 0 || address.includes("%")) return "invalid";
      const family = version === 4 ? "ipv4" : "ipv6";
      return lists.find(([, list]) => list[family].check(address, family))?.[0] ?? "public";
    },
  };
}

/** One list a family, because Node's list finds an IPv4 rule for a mapped IPv6 address too, which hides that it is mapped. */
function blockListOf(ranges: readonly Range[]): { readonly ipv4: BlockList; readonly ipv6: BlockList } {
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const [network, prefix] of ranges) {
    const family = isIP(network) === 4 ? "ipv4" : "ipv6";
    lists[family].addSubnet(network, prefix, family);
  }
  return lists;
}
