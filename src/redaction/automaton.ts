/** Finds any of many literals in one pass over bytes (Aho and Corasick), at a cost that does not grow with their number. */
export interface Automaton {
  /** State and class of the next byte, added, give the next state. States are multiples of the number of classes. */
  readonly next: Int32Array;
  readonly classOf: Uint16Array;
  /** States from here on end at least one literal. */
  readonly acceptFrom: number;
  /** The literals that end in a state from `acceptFrom` on. */
  endingAt(state: number): readonly number[];
  /** How many of the last bytes may still be the beginning of a literal. */
  depthOf(state: number): number;
  readonly lengths: readonly number[];
}

interface Node {
  readonly depth: number;
  readonly children: Map<number, Node>;
  /** Literals that end here, also shorter ones. */
  literals: number[];
  fail: Node | null;
  number: number;
}

/** `isFolded`: literals are lower case, and match whatever case the text has. Empty literals are left out. */
export function buildAutomaton(literals: readonly Uint8Array[], isFolded: boolean): Automaton {
  const { classOf, classes } = classify(literals, isFolded);
  const root = newNode(0);
  for (const [id, literal] of literals.entries()) {
    if (literal.byteLength === 0) continue;
    let node = root;
    for (const byte of literal) {
      const each = classOf[byte] ?? 0;
      const child = node.children.get(each) ?? newNode(node.depth + 1);
      node.children.set(each, child);
      node = child;
    }
    node.literals.push(id);
  }
  const nodes = linkFailures(root);
  const ordered = [
    ...nodes.filter(({ literals: ends }) => ends.length === 0),
    ...nodes.filter(({ literals: ends }) => ends.length > 0),
  ];
  for (const [index, node] of ordered.entries()) node.number = index * classes;
  const next = new Int32Array(ordered.length * classes);
  // In the order of their depth, so that the row of a node's failure, which is shorter, is there already.
  for (const node of nodes) {
    if (node.fail !== null) next.copyWithin(node.number, node.fail.number, node.fail.number + classes);
    for (const [each, child] of node.children) next[node.number + each] = child.number;
  }
  return {
    next,
    classOf,
    acceptFrom: nodes.filter(({ literals: ends }) => ends.length === 0).length * classes,
    endingAt: (state) => ordered[state / classes]?.literals ?? [],
    depthOf: (state) => ordered[state / classes]?.depth ?? 0,
    lengths: literals.map((literal) => literal.byteLength),
  };
}

function newNode(depth: number): Node {
  return { depth, children: new Map(), literals: [], fail: null, number: 0 };
}

/** Every node by depth, each with its longest proper suffix that is a node, too. */
function linkFailures(root: Node): Node[] {
  const nodes = [root];
  for (const node of nodes) {
    for (const [each, child] of node.children) {
      let fail = node.fail;
      while (fail !== null && !fail.children.has(each)) fail = fail.fail;
      child.fail = fail?.children.get(each) ?? root;
      child.literals.push(...child.fail.literals);
      nodes.push(child);
    }
  }
  return nodes;
}

/** Bytes that occur in no literal are all alike. */
function classify(
  literals: readonly Uint8Array[],
  isFolded: boolean,
): { classOf: Uint16Array; classes: number } {
  const classOf = new Uint16Array(256);
  let classes = 1;
  for (const byte of new Set(literals.flatMap((literal) => [...literal]))) {
    classOf[byte] = classes;
    if (isFolded && byte >= 0x61 && byte <= 0x7a) classOf[byte - 0x20] = classes;
    classes += 1;
  }
  return { classOf, classes };
}
