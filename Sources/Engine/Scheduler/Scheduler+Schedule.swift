import ApusPipelines

/// What a step is going to run.
private struct StepPlan {
  let number: Int
  /// Rows that are left.
  var budget: Int
  var parts: [(slot: Int, rows: Int)] = []
  /// Somebody did not get the pages it wanted, so nobody is admitted.
  var isShort = false

  mutating func remove(_ slot: Int) {
    guard let place = parts.firstIndex(where: { $0.slot == slot }) else { return }
    budget += parts.remove(at: place).rows
  }
}

extension Scheduler {
  /// The next step, or nil where nothing can run now or enough steps are out.
  public mutating func schedule() -> Step? {
    guard flights.count < stepsInFlight else { return nil }
    var plan = StepPlan(number: nextNumber, budget: limits.tokens)
    for prefilling in [false, true] {
      var place = 0
      // Preemption shortens the list from its end.
      while place < running.count {
        let slot = running[place]
        if slots[slot].isPrefilling == prefilling { add(slot, to: &plan) }
        place += 1
      }
    }
    admit(to: &plan)
    guard !plan.parts.isEmpty else { return nil }
    var step = Step(number: plan.number)
    var flight = Flight(number: plan.number, parts: [])
    for part in plan.parts { flight.parts.append(append(part.slot, part.rows, to: &step)) }
    fillPageTable(of: &step, plan.parts.map(\.slot))
    flights.append(flight)
    nextNumber += 1
    return step
  }

  // MARK: Plan

  /// Plans as many rows of a running request as budget, pages and others allow.
  private mutating func add(_ slot: Int, to plan: inout StepPlan) {
    if slots[slot].isPrefilling { attachKnownPages(slot) }
    var rows = min(slots[slot].runnableRows(step: plan.number), plan.budget)
    if slots[slot].isPrefilling { rows = rowsBeforeClaims(of: slot, rows) }
    rows = takePages(for: slot, rows, &plan)
    guard rows > 0 else { return }
    if slots[slot].isPrefilling { claimPages(slot, rows) }
    plan.parts.append((slot, rows))
    plan.budget -= rows
  }

  /// Gives a request the pages for its next rows: for fewer where pages are short, and at the
  /// expense of the newest requests where there is none for a single row.
  ///
  /// - Returns: rows that there is room for
  private mutating func takePages(for slot: Int, _ rows: Int, _ plan: inout StepPlan) -> Int {
    let end = slots[slot].computed + rows
    while slots[slot].pages.count * geometry.pageSize < end {
      if let page = cache.take() {
        slots[slot].pages.append(page)
        continue
      }
      plan.isShort = true
      let room = slots[slot].pages.count * geometry.pageSize - slots[slot].computed
      if room > 0 { return room }
      guard let newest = running.last, newest != slot else { return 0 }
      preempt(newest)
      plan.remove(newest)
    }
    return rows
  }

  private mutating func preempt(_ slot: Int) {
    running.removeLast()
    letGo(slot)
    waiting.prepend(slot)
    preemptions += 1
  }

  /// Lets the first of the queue run while there is room for them.
  private mutating func admit(to plan: inout StepPlan) {
    while plan.budget > 0, !plan.isShort, running.count < maxRunning, let slot = waiting.first,
      slots[slot].pending == 0, hasRoom(for: slot)
    {
      waiting.removeFirst()
      running.append(slot)
      slots[slot].run = nextRun
      nextRun += 1
      slots[slot].prefillEnd = slots[slot].tokens.count
      slots[slot].sharesPages = cache.keepsPrefixes
      add(slot, to: &plan)
    }
  }

  /// Whether there are pages for all tokens of a waiting request, and for one step of those that
  /// run: with less it would be preempted at once.
  private mutating func hasRoom(for slot: Int) -> Bool {
    let growth = (running.count + geometry.pageSize - 1) / geometry.pageSize
    if cache.availableCount < growth { return false }
    let known = knownPages(slot)
    let needed = (slots[slot].tokens.count + geometry.pageSize - 1) / geometry.pageSize
    return needed - known.count + growth <= cache.availableCount - known.idle
  }

  // MARK: Build

  /// Appends rows of a request to the step, and draws a token after them if they reach its end.
  private mutating func append(_ slot: Int, _ rows: Int, to step: inout Step) -> Flight.Part {
    let request = slots[slot]
    let end = request.computed + rows
    if request.isPrefilling {
      step.promptTokens += rows
      if end < request.prefillEnd { step.unfinishedChunks += 1 }
    }
    appendRows(of: request, to: end, &step)
    let row = Int32(step.requests.count)
    step.requests.append(request.id)
    slots[slot].computed = end
    slots[slot].stepsInFlight += 1
    let draws = end == request.tokens.count + request.pending
    if draws {
      slots[slot].lastOutput = (step.number, step.outputs.count)
      slots[slot].pending += 1
      step.outputs.append(row)
      step.batch.outputRows.append(Int32(step.batch.tokenIDs.count - 1))
      step.batch.sampling.append(request.sampling)
    }
    return Flight.Part(id: request.id, slot: slot, run: request.run, end: end, draws: draws)
  }

  private func appendRows(of request: RunningRequest, to end: Int, _ step: inout Step) {
    let row = Int32(step.requests.count)
    for position in request.computed..<end {
      let isKnown = position < request.tokens.count
      if !isKnown {
        step.batch.carried.append(
          (
            destination: Int32(step.batch.tokenIDs.count),
            source: Int32(request.lastOutput.index)
          ))
      }
      step.batch.tokenIDs.append(isKnown ? request.tokens[position] : 0)
      step.batch.positions.append(Int32(position))
      step.batch.requestOfToken.append(row)
      let (page, place) = position.quotientAndRemainder(dividingBy: geometry.pageSize)
      step.batch.slots.append(request.pages[page] * Int32(geometry.pageSize) + Int32(place))
    }
    step.batch.rowOffsets.append(Int32(step.batch.tokenIDs.count))
  }

  private func fillPageTable(of step: inout Step, _ parts: [Int]) {
    let width = parts.map { slots[$0].pages.count }.max() ?? 1
    step.batch.pagesPerRequest = width
    step.batch.pageTable.reserveCapacity(width * parts.count)
    for slot in parts {
      let pages = slots[slot].pages
      step.batch.pageTable.append(contentsOf: pages)
      step.batch.pageTable.append(contentsOf: repeatElement(0, count: width - pages.count))
    }
  }
}
