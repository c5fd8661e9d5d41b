/// What requests share: pages in the prefix tree, and pages that somebody is computing.
extension Scheduler {
  // MARK: Pages in the tree

  /// Takes the pages that the tree has next for a request. Its last token is left: it must be
  /// computed, for what comes after it.
  mutating func attachKnownPages(_ slot: Int) {
    let size = cache.pageSize
    while slots[slot].sharesPages, slots[slot].computed == slots[slot].published * size,
      (slots[slot].published + 1) * size < slots[slot].tokens.count,
      let page = cache.find(fullPage(slots[slot].published, of: slot))
    {
      cache.retain(page)
      slots[slot].pages.append(page)
      slots[slot].published += 1
      slots[slot].computed += size
      prefixHitTokens += size
      if slots[slot].isFirstRun { slots[slot].cachedTokens += size }
    }
  }

  /// The pages that the tree has for a waiting request, and how many of them are idle.
  ///
  /// - Complexity: O(pages that it has)
  mutating func knownPages(_ slot: Int) -> (count: Int, idle: Int) {
    var (count, idle, parent) = (0, 0, PrefixTree.root)
    while cache.keepsPrefixes, (count + 1) * cache.pageSize < slots[slot].tokens.count,
      let page = cache.find(fullPage(count, of: slot, after: parent))
    {
      count += 1
      if cache.tree.isIdle(page) { idle += 1 }
      parent = page
    }
    return (count, idle)
  }

  /// Enters the full pages of a request's first `committed` tokens into the tree.
  mutating func publish(_ slot: Int, committed: Int) {
    while slots[slot].sharesPages,
      (slots[slot].published + 1) * cache.pageSize <= committed
    {
      let index = slots[slot].published
      let content = fullPage(index, of: slot)
      dropClaim(slot, content.hash)
      switch cache.publish(slots[slot].pages[index], as: content) {
      case .inserted: break
      case .merged(let same): slots[slot].pages[index] = same
      case .refused:
        // What comes after it would hang in the air.
        dropClaims(slot)
        slots[slot].sharesPages = false
        return
      }
      slots[slot].published += 1
    }
  }

  private mutating func fullPage(_ index: Int, of slot: Int) -> PageCache.FullPage {
    fullPage(
      index, of: slot, after: index == 0 ? PrefixTree.root : slots[slot].pages[index - 1])
  }

  private mutating func fullPage(
    _ index: Int, of slot: Int, after parent: Int32
  ) -> PageCache.FullPage {
    let hash = pageHash(index, of: slot)
    return PageCache.FullPage(
      hash: hash, parent: parent, tokens: pageTokens(index, of: slot), scope: slots[slot].scope)
  }

  private mutating func pageHash(_ index: Int, of slot: Int) -> UInt64 {
    while slots[slot].pageHashes.count <= index {
      let next = slots[slot].pageHashes.count
      let previous = slots[slot].pageHashes.last ?? cache.hash.root(of: slots[slot].scope)
      let hash = cache.hash.page(after: previous, pageTokens(next, of: slot))
      slots[slot].pageHashes.append(hash)
    }
    return slots[slot].pageHashes[index]
  }

  private func pageTokens(_ index: Int, of slot: Int) -> ArraySlice<Int32> {
    slots[slot].tokens[index * cache.pageSize..<(index + 1) * cache.pageSize]
  }

  // MARK: Pages being computed

  /// Rows up to the first page that an older request is computing and that could be shared.
  mutating func rowsBeforeClaims(of slot: Int, _ rows: Int) -> Int {
    guard slots[slot].sharesPages else { return rows }
    let (computed, count) = (slots[slot].computed, slots[slot].tokens.count)
    var index = slots[slot].firstFreshPage(cache.pageSize)
    while index * cache.pageSize < computed + rows, (index + 1) * cache.pageSize < count {
      if let claim = claims[pageHash(index, of: slot)], claim.index == index,
        slots[claim.slot].arrival < slots[slot].arrival,
        pageTokens(index, of: claim.slot) == pageTokens(index, of: slot)
      {
        return index * cache.pageSize - computed
      }
      index += 1
    }
    return rows
  }

  /// Claims the full pages that a request's next rows fill or begin.
  mutating func claimPages(_ slot: Int, _ rows: Int) {
    guard slots[slot].sharesPages else { return }
    let (computed, count) = (slots[slot].computed, slots[slot].tokens.count)
    var index = computed / cache.pageSize
    while index * cache.pageSize < computed + rows, (index + 1) * cache.pageSize <= count {
      let hash = pageHash(index, of: slot)
      let isOlders = claims[hash].map { slots[$0.slot].arrival < slots[slot].arrival } ?? false
      if !isOlders { claims[hash] = PageClaim(slot: slot, index: index) }
      index += 1
    }
    slots[slot].claimedEnd = max(slots[slot].claimedEnd, index)
  }

  private mutating func dropClaim(_ slot: Int, _ hash: UInt64) {
    if claims[hash]?.slot == slot { claims[hash] = nil }
  }

  /// Lets others compute what a request has begun.
  mutating func dropClaims(_ slot: Int) {
    for index in slots[slot].published..<max(slots[slot].published, slots[slot].claimedEnd) {
      dropClaim(slot, slots[slot].pageHashes[index])
    }
    slots[slot].claimedEnd = 0
  }
}
