/// The tokens of a vocabulary by their bytes, for finding all that begin at a place.
///
/// One open table holds all edges: a step costs one look-up whatever the number of children.
struct TokenTrie: Sendable {
  /// `node << 8 | byte` plus one; 0 is free.
  private var keys: [UInt32]
  private var targets: [Int32]
  /// The token that ends at a node, or -1.
  private var values: [Int32] = [-1]
  private var edgeCount = 0

  static let root: Int32 = 0

  init(capacity: Int = 64) {
    var size = 256
    while size < capacity * 2 { size *= 2 }
    keys = Array(repeating: 0, count: size)
    targets = Array(repeating: 0, count: size)
  }

  /// Adds a token; of two with the same bytes the later is found.
  mutating func insert(_ bytes: ArraySlice<UInt8>, value: Int32) {
    guard !bytes.isEmpty else { return }
    var node = TokenTrie.root
    for byte in bytes {
      let next = child(of: node, byte)
      node = next >= 0 ? next : addChild(of: node, byte)
    }
    values[Int(node)] = value
  }

  private mutating func addChild(of node: Int32, _ byte: UInt8) -> Int32 {
    if edgeCount * 2 >= keys.count { grow() }
    let new = Int32(values.count)
    values.append(-1)
    let key = UInt32(bitPattern: node) << 8 | UInt32(byte) &+ 1
    let at = slot(key)
    keys[at] = key
    targets[at] = new
    edgeCount += 1
    return new
  }

  private mutating func grow() {
    let old = (keys, targets)
    keys = Array(repeating: 0, count: old.0.count * 2)
    targets = Array(repeating: 0, count: old.0.count * 2)
    for (key, target) in zip(old.0, old.1) where key != 0 {
      let at = slot(key)
      keys[at] = key
      targets[at] = target
    }
  }

  @inline(__always)
  private func slot(_ key: UInt32) -> Int {
    let mask = keys.count - 1
    let hash = UInt64(key) &* 0x9E37_79B9_7F4A_7C15
    var at = Int(truncatingIfNeeded: hash >> 32) & mask
    while keys[at] != key, keys[at] != 0 { at = (at + 1) & mask }
    return at
  }

  /// The node that this byte leads to, or -1.
  @inline(__always)
  func child(of node: Int32, _ byte: UInt8) -> Int32 {
    let key = UInt32(bitPattern: node) << 8 | UInt32(byte) &+ 1
    let at = slot(key)
    return keys[at] == 0 ? -1 : targets[at]
  }

  /// The token that ends at a node, or -1.
  @inline(__always)
  func value(at node: Int32) -> Int32 { values[Int(node)] }

  /// The node at the end of a byte string; nil where no token begins with it.
  func node(at bytes: ArraySlice<UInt8>) -> Int32? {
    var node = TokenTrie.root
    for byte in bytes {
      node = child(of: node, byte)
      if node < 0 { return nil }
    }
    return node
  }

  /// The longest token in `text[start..<end]` that begins at `start`, going on from a node.
  @inline(__always)
  func longest(
    in text: [UInt8], _ start: Int, _ end: Int, from entry: Int32 = TokenTrie.root
  ) -> (end: Int, value: Int32)? {
    var node = entry
    var at = start
    var best: (Int, Int32)?
    while at < end {
      node = child(of: node, text[at])
      guard node >= 0 else { break }
      at += 1
      if values[Int(node)] >= 0 { best = (at, values[Int(node)]) }
    }
    return best
  }
}
