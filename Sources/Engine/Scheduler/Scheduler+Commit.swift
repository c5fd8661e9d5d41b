extension Scheduler {
  /// Takes what the oldest step in flight drew, and enters the pages that it filled into the prefix
  /// tree.
  ///
  /// An output without tokens is drawn again in a later step: its row's cache slot is taken back.
  /// What was drawn for a request that was preempted since is its all the same.
  ///
  /// - Precondition: it is the oldest step; other than one token is possible only for a request
  ///   that takes part in no later step in flight
  public mutating func commit(_ result: StepResult) -> [RequestUpdate] {
    precondition(flights.first?.number == result.number, "steps are committed in order")
    let flight = flights.removeFirst()
    precondition(result.offsets.count == flight.outputs + 1, "one entry for each output")
    var updates: [RequestUpdate] = []
    var output = 0
    for part in flight.parts {
      var tokens = result.tokens[0..<0]
      if part.draws {
        tokens = result.tokens[result.offsets[output]..<result.offsets[output + 1]]
        output += 1
      }
      guard slot(of: part.id) == part.slot else { continue }
      slots[part.slot].stepsInFlight -= 1
      let isRunningOn = slots[part.slot].run == part.run
      var committed = part.end
      if part.draws {
        slots[part.slot].pending -= 1
        if tokens.isEmpty, isRunningOn {
          slots[part.slot].computed -= 1
          committed -= 1
        }
      }
      if isRunningOn { publish(part.slot, committed: committed) }
      if part.draws { updates.append(accept(tokens, part.slot)) }
    }
    return updates
  }

  /// Gives up a step in flight, which need not be the oldest: its requests end.
  ///
  /// - Returns: those that had not ended before
  public mutating func fail(step number: Int, message: String) -> [RequestUpdate] {
    guard let position = flights.firstIndex(where: { $0.number == number }) else { return [] }
    let flight = flights.remove(at: position)
    var updates: [RequestUpdate] = []
    for part in flight.parts where slot(of: part.id) == part.slot {
      updates.append(update(part.slot, tokens: [], finish: .failed(message)))
      remove(part.slot)
    }
    return updates
  }

  private mutating func accept(_ tokens: ArraySlice<Int32>, _ slot: Int) -> RequestUpdate {
    precondition(
      tokens.count == 1 || slots[slot].stepsInFlight == 0, "a later step was built on one token")
    var accepted: [Int32] = []
    var finish: FinishReason?
    for token in tokens where finish == nil {
      accepted.append(token)
      slots[slot].tokens.append(token)
      if endTokens.contains(token) && !slots[slot].ignoreEnd {
        finish = .stop
      } else if slots[slot].tokens.count >= slots[slot].tokenLimit {
        finish = .length
      }
    }
    let update = update(slot, tokens: accepted, finish: finish)
    if finish != nil { remove(slot) }
    return update
  }

  private func update(_ slot: Int, tokens: [Int32], finish: FinishReason?) -> RequestUpdate {
    RequestUpdate(
      id: slots[slot].id, tokens: tokens, finish: finish,
      cachedTokens: slots[slot].cachedTokens)
  }
}
