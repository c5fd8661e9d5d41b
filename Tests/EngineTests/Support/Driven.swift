import ApusEngine
import ApusPipelines

/// A scheduler by reference: the test macros take no mutating calls.
final class Driven {
  private(set) var scheduler: Scheduler

  init(
    tokens: Int = 8, requests: Int = 4, context: Int = 32, pages: Int = 100, pageSize: Int = 4,
    stepsInFlight: Int = 1, endTokens: Set<Int32> = [], keepsPrefixes: Bool = true,
    pageHash: PageHash = .standard
  ) {
    scheduler = Scheduler(
      limits: StepLimits(tokens: tokens, requests: requests, contextLength: context),
      cache: CacheGeometry(pages: pages, pageSize: pageSize, bytesPerPage: 1),
      stepsInFlight: stepsInFlight, endTokens: endTokens, keepsPrefixes: keepsPrefixes,
      pageHash: pageHash)
  }

  func submit(_ request: ScheduledRequest) throws(AdmissionError) {
    try scheduler.submit(request)
  }

  func submit(
    _ number: UInt64, _ prompt: [Int32], new: Int = 8, salt: String? = nil
  ) throws(AdmissionError) {
    try scheduler.submit(
      ScheduledRequest(
        id: RequestID(number: number), promptIDs: prompt, sampling: SamplingParameters(),
        maxNewTokens: new, ignoreEnd: true, scope: CacheScope(salt: salt)))
  }

  func schedule() -> Step? { scheduler.schedule() }

  func commit(_ result: StepResult) -> [RequestUpdate] { scheduler.commit(result) }

  /// Commits a step in which `token` is drawn for every output.
  @discardableResult func commit(_ step: Step?, drawing token: Int32 = 9) -> [RequestUpdate] {
    guard let step else { return [] }
    return scheduler.commit(
      StepResult(number: step.number, tokens: step.outputs.map { _ in token }))
  }

  func fail(step: Int, message: String) -> [RequestUpdate] {
    scheduler.fail(step: step, message: message)
  }

  @discardableResult func end(_ number: UInt64) -> Bool { scheduler.end(RequestID(number: number)) }
  @discardableResult func end(_ id: RequestID) -> Bool { scheduler.end(id) }
}

extension Step {
  /// Positions that it computes, by number of the request.
  var positions: [UInt64: [Int32]] {
    var found: [UInt64: [Int32]] = [:]
    for (row, id) in requests.enumerated() {
      let rows = Int(batch.rowOffsets[row])..<Int(batch.rowOffsets[row + 1])
      found[id.number] = Array(batch.positions[rows])
    }
    return found
  }
}
