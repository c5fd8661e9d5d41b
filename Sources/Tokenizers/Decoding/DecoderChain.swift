/// Any sequence of decode steps, as a stream: what has been given out stays true whatever follows.
struct DecoderChain: Sendable {
  /// A step with what it holds back.
  fileprivate struct Stage: Sendable {
    enum Kind: Sendable {
      case token(DecodeStep)
      /// Steps on the one text: replacements look ahead as far as their pattern is long.
      case replace([UInt8], [UInt8])
      case stripStart([UInt8], Int)
      case stripStop([UInt8], Int)
      /// Needs the whole text.
      case whole(DecodeStep)
    }

    let kind: Kind
    var count = 0
    var held: [UInt8]?
    var buffer: [UInt8] = []
  }

  private var stages: [Stage] = []

  init(_ steps: [DecodeStep]) {
    var isJoined = false
    for step in steps {
      if isJoined {
        stages += DecoderChain.textStages(step).map { Stage(kind: $0) }
      } else {
        stages.append(Stage(kind: .token(step)))
        isJoined = step.joins
      }
    }
  }

  private static func textStages(_ step: DecodeStep) -> [Stage.Kind] {
    func cleanUp(_ isWanted: Bool) -> [Stage.Kind] {
      isWanted ? DecodeStep.cleanUps.map { .replace($0.0, $0.1) } : []
    }
    switch step {
    case .fuse: return []
    case .byteLevel, .replaceMatches, .byteFallback: return [.whole(step)]
    case .bytePair(let suffix): return [.replace(suffix, [])]
    case .wordPiece(_, let cleansUp): return cleanUp(cleansUp)
    case .metaspace(let marker, let dropsFirst):
      return [.replace(marker, dropsFirst ? [] : [0x20])]
    case .connectionist(let padding, let delimiter, let cleansUp):
      return [.replace(padding, [])] + cleanUp(cleansUp)
        + (cleansUp ? [.replace(delimiter, [0x20])] : [])
    case .replace(let pattern, let content): return [.replace(pattern, content)]
    case .strip(let content, let start, let stop):
      return (start > 0 ? [.stripStart(content, start)] : [])
        + (stop > 0 ? [.stripStop(content, stop)] : [])
    }
  }

  /// Appends the text that this token settles.
  mutating func append(_ token: [UInt8], to text: inout [UInt8]) { feed(0, token, &text) }

  /// Appends what was held back.
  mutating func finish(into text: inout [UInt8]) {
    for i in stages.indices { flush(i, &text) }
  }

  private mutating func feed(_ i: Int, _ part: [UInt8], _ text: inout [UInt8]) {
    guard i < stages.count else {
      text.append(contentsOf: part)
      return
    }
    switch stages[i].kind {
    case .token(let step): feedToken(i, step, part, &text)
    case .whole: stages[i].buffer += part
    case .replace(let pattern, let content):
      stages[i].buffer += part
      let settled = stages[i].takeReplaced(pattern, content, isLast: false)
      if !settled.isEmpty { feed(i + 1, settled, &text) }
    case .stripStart(let content, let limit):
      stages[i].buffer += part
      // The count is of those taken off; at the limit everything passes.
      while stages[i].count < limit {
        let buffer = stages[i].buffer
        if buffer.starts(with: content) {
          stages[i].buffer = Array(buffer.dropFirst(content.count))
          stages[i].count += 1
        } else if content.starts(with: buffer) {
          return
        } else {
          stages[i].count = limit
        }
      }
      feed(i + 1, stages[i].takeBuffer(), &text)
    case .stripStop(let content, let limit):
      stages[i].buffer += part
      // A run of the character at the end may be the end of all.
      let buffer = stages[i].buffer
      var end = buffer.count
      var held = 0
      while held < limit, end >= content.count,
        ByteText.has(content, at: end - content.count, in: buffer, end: end)
      {
        end -= content.count
        held += 1
      }
      stages[i].buffer = Array(buffer[end...])
      if end > 0 { feed(i + 1, Array(buffer[..<end]), &text) }
    }
  }

  private mutating func feedToken(
    _ i: Int, _ step: DecodeStep, _ token: [UInt8], _ text: inout [UInt8]
  ) {
    let isFirst = stages[i].count == 0
    stages[i].count += 1
    switch step {
    case .byteLevel:
      stages[i].buffer += step.transform(token, isFirst: isFirst)
      let tail = StreamDecoder.unfinishedTail(of: stages[i].buffer)
      let buffer = stages[i].takeBuffer()
      stages[i].buffer = Array(buffer.suffix(tail))
      feed(i + 1, Array(StreamDecoder.repaired(buffer.dropLast(tail))), &text)
    case .bytePair(let suffix):
      let before = stages[i].held
      stages[i].held = token
      if let before {
        feed(i + 1, ByteText.replacing(suffix, with: [0x20], in: before), &text)
      }
    case .connectionist:
      guard stages[i].held != token else { return }
      stages[i].held = token
      let result = step.transform(token, isFirst: isFirst)
      if !result.isEmpty { feed(i + 1, result, &text) }
    case .byteFallback:
      if let byte = ByteToken.byte(of: token[...]) {
        stages[i].buffer.append(byte)
      } else {
        settleRun(i, &text)
        feed(i + 1, token, &text)
      }
    default: feed(i + 1, step.transform(token, isFirst: isFirst), &text)
    }
  }

  /// Byte tokens are text only as a whole.
  private mutating func settleRun(_ i: Int, _ text: inout [UInt8]) {
    let run = stages[i].takeBuffer()
    guard !run.isEmpty else { return }
    if String(validating: run, as: UTF8.self) != nil {
      feed(i + 1, run, &text)
    } else {
      for _ in run { feed(i + 1, StreamDecoder.replacement, &text) }
    }
  }

  private mutating func flush(_ i: Int, _ text: inout [UInt8]) {
    switch stages[i].kind {
    case .token(.byteLevel):
      let rest = stages[i].takeBuffer()
      if !rest.isEmpty { feed(i + 1, Array(StreamDecoder.repaired(rest[...])), &text) }
    case .token(.bytePair(let suffix)):
      if let last = stages[i].held {
        feed(i + 1, ByteText.replacing(suffix, with: [], in: last), &text)
      }
    case .token(.byteFallback): settleRun(i, &text)
    case .token: break
    case .replace(let pattern, let content):
      let rest = stages[i].takeReplaced(pattern, content, isLast: true)
      if !rest.isEmpty { feed(i + 1, rest, &text) }
    case .stripStart: feed(i + 1, stages[i].takeBuffer(), &text)
    case .stripStop: break  // what is held is what is to be taken off
    case .whole(let step): feed(i + 1, whole(step, stages[i].takeBuffer()), &text)
    }
    stages[i].count = 0
    stages[i].held = nil
    stages[i].buffer = []
  }

  private func whole(_ step: DecodeStep, _ text: [UInt8]) -> [UInt8] {
    switch step {
    case .byteLevel:
      Array(StreamDecoder.repaired(step.transform(text, isFirst: true)[...]))
    case .byteFallback:
      ByteToken.byte(of: text[...]).map { $0 < 0x80 ? [$0] : StreamDecoder.replacement } ?? text
    default: step.transform(text, isFirst: true)
    }
  }
}

extension DecoderChain.Stage {
  fileprivate mutating func takeBuffer() -> [UInt8] {
    defer { buffer = [] }
    return buffer
  }

  /// The buffer with the pattern replaced, but for an end that may be the beginning of one.
  fileprivate mutating func takeReplaced(
    _ pattern: [UInt8], _ content: [UInt8], isLast: Bool
  ) -> [UInt8] {
    guard let first = pattern.first else { return takeBuffer() }
    var result: [UInt8] = []
    var at = 0
    while at < buffer.count {
      if buffer[at] == first {
        if ByteText.has(pattern, at: at, in: buffer, end: buffer.count) {
          result += content
          at += pattern.count
          continue
        }
        if !isLast, pattern.starts(with: buffer[at...]) { break }
      }
      result.append(buffer[at])
      at += 1
    }
    buffer.removeFirst(at)
    return result
  }
}
