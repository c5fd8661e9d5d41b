import ApusPipelines

/// What tests look at: the holdings of each running request, told plainly enough to be counted
/// again by somebody else.
package struct SchedulerInspection {
  package struct Request {
    package let id: RequestID
    package let arrival: Int
    package let tokens: [Int32]
    package let scope: CacheScope
    package let pages: [Int32]
    /// Tokens in the cache, those of steps in flight included.
    package let computed: Int
    /// Pages that it takes from the tree or has given to it.
    package let published: Int
  }

  package let running: [Request]
  package let pageClaims: Int
  package let cache: PageCache
}

extension Scheduler {
  /// - Complexity: O(pages); for tests
  package func inspect() -> SchedulerInspection {
    let requests = running.map { slot in
      let request = slots[slot]
      return SchedulerInspection.Request(
        id: request.id, arrival: request.arrival, tokens: request.tokens, scope: request.scope,
        pages: request.pages, computed: request.computed, published: request.published)
    }
    return SchedulerInspection(running: requests, pageClaims: claims.count, cache: cache)
  }

  /// What is wrong, nil where nothing is.
  ///
  /// - Complexity: O(pages); for tests
  package func checkInvariants() -> String? {
    if let wrong = cache.checkInvariants() { return wrong }
    for slot in running {
      let request = slots[slot]
      if !request.isRunning { return "\(request.id) runs and is not marked so" }
      if request.computed > request.pages.count * geometry.pageSize {
        return "\(request.id) has more tokens than pages for them"
      }
      if request.computed > request.tokens.count + request.pending {
        return "\(request.id) has computed tokens that it does not have"
      }
    }
    for claim in claims.values where !slots[claim.slot].isRunning {
      return "\(slots[claim.slot].id) claims page \(claim.index) and does not run"
    }
    let arrivals = running.map { slots[$0].arrival }
    if arrivals != arrivals.sorted() { return "the running requests are not in their order" }
    if let first = waiting.first, let last = arrivals.last, slots[first].arrival < last {
      return "\(slots[first].id) waits behind one that came later"
    }
    if running.count > maxRunning { return "too many run" }
    if flights.count > stepsInFlight { return "too many steps are out" }
    return nil
  }
}
