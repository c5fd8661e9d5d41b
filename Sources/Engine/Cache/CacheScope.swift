/// What a cached page depends on besides the tokens up to its end. Requests of different scopes
/// never share a page.
///
/// What holds for a whole request belongs here: the salt, and an adapter of the weights when there
/// are some. What enters at a place in the prompt, as the digest of an image does, belongs to the
/// pages from there on.
public struct CacheScope: Sendable, Hashable {
  /// A caller's secret that keeps others from finding out, by the time an answer takes, whether a
  /// prompt was asked before; nil shares with everybody else without one.
  public var salt: String?

  public init(salt: String? = nil) { self.salt = salt }
}

/// Names pages in the index of the prefix tree: a hash of the page's tokens, chained to that of the
/// page before.
///
/// It need not withstand anybody who looks for collisions: the tree compares scope and tokens, and
/// a collision is a miss. It is the same in every process, so that a simulation can be replayed.
public struct PageHash: Sendable {
  private let mask: UInt64

  public static let standard = PageHash(mask: .max)

  /// One whose values have `bits` bits, so that tests can force collisions.
  ///
  /// - Precondition: `bits` is 0 to 63
  public static func weak(bits: Int) -> PageHash { PageHash(mask: (1 << UInt64(bits)) - 1) }

  private init(mask: UInt64) { self.mask = mask }

  /// What the first page of a scope is chained to.
  public func root(of scope: CacheScope) -> UInt64 {
    guard let salt = scope.salt else { return 0 }
    var hash: UInt64 = 0x243F_6A88_85A3_08D3
    for byte in salt.utf8 { hash = Self.mixed(hash, UInt64(byte)) }
    return hash
  }

  public func page(after previous: UInt64, _ tokens: ArraySlice<Int32>) -> UInt64 {
    var hash = previous ^ 0x1319_8A2E_0370_7344
    for token in tokens { hash = Self.mixed(hash, UInt64(UInt32(bitPattern: token))) }
    return hash & mask
  }

  /// A multiplication by an odd constant and a shift: each is reversible, so that nothing of what
  /// came before is lost.
  private static func mixed(_ hash: UInt64, _ value: UInt64) -> UInt64 {
    let product = (hash ^ value) &* 0x9E37_79B9_7F4A_7C15
    return product ^ (product >> 29)
  }
}
