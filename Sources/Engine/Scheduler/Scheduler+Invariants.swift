import ApusPipelines

extension Scheduler {
  /// What is wrong, nil where nothing is.
  ///
  /// - Complexity: O(pages); for tests
  package func checkInvariants() -> String? {
    if let wrong = pool.checkInvariants() { return wrong }
    var owned = Set<Int32>()
    for request in running {
      for page in request.pages where !owned.insert(page).inserted {
        return "page \(page) belongs to two requests"
      }
      if request.computed > request.pages.count * cache.pageSize {
        return "\(request.id) has more tokens than pages for them"
      }
      if request.computed > request.tokens.count + request.pending {
        return "\(request.id) has computed tokens that it does not have"
      }
    }
    if owned.count + pool.freeCount != pool.count {
      return "\(owned.count) pages in use and \(pool.freeCount) free are not \(pool.count)"
    }
    if running.map(\.reservedPages).reduce(0, +) != pool.reserved {
      return "the requests' reservations are not the pool's"
    }
    if running.count > min(limits.requests, limits.tokens) { return "too many run" }
    if flightCount > stepsInFlight { return "too many steps are out" }
    return nil
  }
}
