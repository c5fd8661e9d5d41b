/// The four Unicode normal forms, as `tokenizers` computes them.
enum UnicodeNormalization: String, Sendable {
  case nfc = "NFC"
  case nfd = "NFD"
  case nfkc = "NFKC"
  case nfkd = "NFKD"

  private var isCompatible: Bool { self == .nfkc || self == .nfkd }
  private var composes: Bool { self == .nfc || self == .nfkc }

  func apply(to text: inout AlignedText) {
    if self == .nfc, !text.isTracked {
      compose(&text)
    } else if !isNormalized(text.bytes) {
      convert(&text)
    }
  }

  /// Form C, of what is not in it yet, between ASCII characters: those compose with nothing before
  /// them.
  private func compose(_ text: inout AlignedText) {
    let source = text.bytes
    var result: [UInt8] = []
    var done = 0
    while true {
      var start = ComposedText.end(of: source, from: done)
      guard start < source.count else { break }
      var end = start
      while start > done, source[start] >= 0x80 { start -= 1 }
      repeat { end += 1 } while end < source.count && source[end] >= 0x80
      var part = AlignedText(Array(source[start..<end]))
      convert(&part)
      result.append(contentsOf: source[done..<start])
      result.append(contentsOf: part.bytes)
      done = end
    }
    if done > 0 { text.bytes = result + source[done...] }
  }

  private func convert(_ text: inout AlignedText) {
    let source = text.bytes
    text.rewrite { rewriter in
      var output = NormalFormWriter(composes: composes)
      var at = 0
      while at < source.count {
        let scalar = source.scalar(at: at)
        at += scalar.length
        // Nothing composes with an ASCII character behind it, and marks are not ASCII.
        if scalar.value < 0x80, at == source.count || source[at] < 0x80 {
          output.finish(&rewriter)
          rewriter.emit(scalar.value, change: 0)
          continue
        }
        output.add(scalar.value, compatibly: isCompatible, to: &rewriter)
      }
      output.finish(&rewriter)
    }
  }

  /// A quick test that says yes to most text, and to nothing that is not normalised.
  private func isNormalized(_ bytes: [UInt8]) -> Bool {
    if self == .nfc { return ComposedText.end(of: bytes, from: 0) == bytes.count }
    return UTF8Text.isASCII(bytes)
  }
}

/// Decomposes, orders and composes, and says of each character what it does to the text.
///
/// - Source: the crate `unicode-normalization-alignments`, whose changes decide the offsets.
private struct NormalFormWriter {
  private struct Item {
    var scalar: UInt32
    var change: Int
    var combiningClass: UInt8
  }

  let composes: Bool
  /// Decomposed characters whose order is not settled.
  private var pending: [Item] = []
  /// The starter that may still compose, and the marks behind it that did not.
  private var starter: Item?
  private var marks: [Item] = []
  private var lastClass: UInt8?

  init(composes: Bool) { self.composes = composes }

  mutating func add(_ scalar: UInt32, compatibly: Bool, to rewriter: inout TextRewriter) {
    var isFirst = true
    NormalForms.shared.decompose(scalar, compatibly: compatibly) { part in
      let combiningClass = part < 0x300 ? 0 : UnicodeTables.combiningClass[part]
      if combiningClass == 0 { settle(&rewriter) }
      pending.append(
        Item(scalar: part, change: isFirst ? 0 : 1, combiningClass: combiningClass))
      isFirst = false
    }
  }

  mutating func finish(_ rewriter: inout TextRewriter) {
    guard !pending.isEmpty || starter != nil else { return }
    settle(&rewriter)
    flush(&rewriter)
  }

  /// Orders what is pending by combining class, equal ones as they came.
  private mutating func settle(_ rewriter: inout TextRewriter) {
    for i in pending.indices.dropFirst() {
      var at = i
      while at > 0, pending[at - 1].combiningClass > pending[at].combiningClass {
        pending.swapAt(at - 1, at)
        at -= 1
      }
    }
    for item in pending {
      if composes {
        compose(item, &rewriter)
      } else {
        rewriter.emit(item.scalar, change: item.change)
      }
    }
    pending.removeAll(keepingCapacity: true)
  }

  private mutating func compose(_ item: Item, _ rewriter: inout TextRewriter) {
    guard let first = starter else {
      if item.combiningClass != 0 {
        rewriter.emit(item.scalar, change: item.change)
      } else {
        starter = item
      }
      return
    }
    let isBlocked = lastClass.map { $0 >= item.combiningClass } ?? false
    if !isBlocked, let whole = NormalForms.shared.compose(first.scalar, item.scalar) {
      starter = Item(
        scalar: whole, change: first.change + item.change - 1, combiningClass: 0)
    } else if item.combiningClass == 0 {
      flush(&rewriter)
      starter = item
    } else {
      marks.append(item)
      lastClass = item.combiningClass
    }
  }

  private mutating func flush(_ rewriter: inout TextRewriter) {
    if let starter { rewriter.emit(starter.scalar, change: starter.change) }
    for mark in marks { rewriter.emit(mark.scalar, change: mark.change) }
    starter = nil
    marks.removeAll(keepingCapacity: true)
    lastClass = nil
  }
}
