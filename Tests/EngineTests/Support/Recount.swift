import ApusEngine

/// Counts again who holds which page, from nothing but the page tables of those that run.
struct Recount {
  let inspection: SchedulerInspection
  let freePages: Int
  let model: FakeModel

  private var pool: PagePool { inspection.cache.pool }
  private var tree: PrefixTree { inspection.cache.tree }
  private var size: Int { inspection.cache.pageSize }

  /// Pages that no request holds and the tree does not have.
  var unused: [Int32] { (0..<Int32(pool.count)).filter(pool.isFree) }

  /// What is wrong, nil where nothing is.
  ///
  /// - Parameter deep: compare what the tree says about its pages with what is in the cache
  func problem(deep: Bool) -> String? {
    var holders = [Int](repeating: 0, count: pool.count)
    for request in inspection.running {
      for page in request.pages { holders[Int(page)] += 1 }
    }
    for page in 0..<Int32(pool.count) {
      let isKept = inspection.cache.keepsPrefixes && tree.contains(page)
      let counted = pool.references(to: page)
      if counted != holders[Int(page)] {
        return "page \(page) has \(counted) references and \(holders[Int(page)]) holders"
      }
      if pool.isFree(page) != (holders[Int(page)] == 0 && !isKept) {
        return "page \(page) has \(holders[Int(page)]) holders and is free: \(pool.isFree(page))"
      }
    }
    if freePages != holders.count(where: { $0 == 0 }) {
      return "\(freePages) pages are said to be free, \(holders.count { $0 == 0 }) are"
    }
    for request in inspection.running {
      if let wrong = problem(of: request, holders, deep) { return wrong }
    }
    return deep ? contentProblem() : nil
  }

  private func problem(
    of request: SchedulerInspection.Request, _ holders: [Int], _ deep: Bool
  ) -> String? {
    if Set(request.pages).count != request.pages.count { return "\(request.id) has a page twice" }
    if request.published * size > request.computed { return "\(request.id) published too much" }
    for (index, page) in request.pages.enumerated() {
      let isShared = index < request.published
      if isShared != (inspection.cache.keepsPrefixes && tree.contains(page)) {
        return "page \(page) is in the tree and not of it"
      }
      if !isShared, holders[Int(page)] != 1 { return "page \(page) is being filled and shared" }
    }
    guard deep, request.published > 0 else { return nil }
    let path = tree.path(to: request.pages[request.published - 1])
    let isRight =
      path.tokens == Array(request.tokens.prefix(request.published * size))
      && path.scope == request.scope
    return isRight ? nil : "\(request.id) shares pages of another prompt or scope"
  }

  /// Whether the cache holds, in each page of the tree, what the tree says.
  private func contentProblem() -> String? {
    guard inspection.cache.keepsPrefixes, !model.runsLate else { return nil }
    for page in 0..<Int32(pool.count) where tree.contains(page) {
      let tokens = tree.path(to: page).tokens
      var chain = FakeModel.emptyChain
      for (position, token) in tokens.enumerated() {
        chain = FakeModel.chained(chain, token)
        guard position >= tokens.count - size else { continue }
        let found = model.cells[Int(page) * size + position % size]
        let right = FakeModel.Cell(token: token, position: Int32(position), chain: chain)
        if found != right { return "page \(page) of the tree holds \(found), not \(right)" }
      }
    }
    return nil
  }
}
