/// A device for tests that behaves as one with a memory and a clock of its own: nothing runs before
/// somebody waits for it, and then in the order of the stream. Code that passes on it does not take
/// an enqueued launch for a finished one, nor changes what a pending copy still has to read.
public final class DeferredDevice: Device {
  public let name = "deferred"
  public let isa: CPUISA
  private let team: WorkerTeam
  private var pool = BufferPool()
  private var stream: [Entry] = []
  private var enqueued = 0

  private enum Entry {
    case launches(LaunchList)
    case write(StagingPlace, BufferPlace, Int)
    case read(BufferPlace, StagingPlace, Int)
  }

  /// As for `CPUDevice`.
  public init(threads: Int? = nil, isa: CPUISA? = nil) throws(DeviceError) {
    self.isa = try (isa ?? .best).checked()
    team = try WorkerTeam(threads: threads)
  }

  public var threads: Int { team.count }
  public var allocatedBytes: Int { pool.allocatedBytes }
  /// Entries of the stream that have not run.
  public var pendingCount: Int { stream.count }

  public func allocate(byteCount: Int) throws(DeviceError) -> BufferID {
    try pool.allocate(byteCount: byteCount)
  }

  @unsafe public func register(
    _ bytes: UnsafeRawBufferPointer, owner: AnyObject
  ) throws(DeviceError) -> BufferID {
    try unsafe pool.register(bytes, owner: owner)
  }

  public func release(_ buffer: BufferID) {
    precondition(stream.isEmpty, "a buffer is released while work is pending")
    pool.release(buffer)
  }

  public func byteCount(of buffer: BufferID) -> Int { pool[buffer].byteCount }

  public func makeLaunches(
    _ descriptions: [LaunchDescription]
  ) throws(DeviceError) -> LaunchList {
    try LaunchList(descriptions, isa: isa, pool: pool)
  }

  public func enqueue(_ launches: LaunchList) {
    // As a driver does, it takes the arguments along: the caller may set other sizes at once.
    push(.launches(LaunchList(snapshotOf: launches)))
  }

  public func enqueueWrite(from source: StagingPlace, to target: BufferPlace, byteCount: Int) {
    source.staging.begin(source.slot)
    push(.write(source, target, byteCount))
  }

  public func enqueueRead(from source: BufferPlace, to target: StagingPlace, byteCount: Int) {
    target.staging.begin(target.slot)
    push(.read(source, target, byteCount))
  }

  public func mark() -> StreamMark { StreamMark(number: enqueued) }

  public func wait(for mark: StreamMark) throws(DeviceError) {
    let done = enqueued - stream.count
    let count = min(max(0, mark.number - done), stream.count)
    for entry in stream.prefix(count) { run(entry) }
    stream.removeFirst(count)
  }

  public func synchronize() throws(DeviceError) { try wait(for: mark()) }

  private func push(_ entry: Entry) {
    stream.append(entry)
    enqueued += 1
  }

  private func run(_ entry: Entry) {
    switch entry {
    case .launches(let list): team.run(list)
    case .write(let source, let target, let byteCount):
      pool.write(from: source, to: target, byteCount: byteCount)
      source.staging.end(source.slot)
    case .read(let source, let target, let byteCount):
      pool.read(from: source, to: target, byteCount: byteCount)
      target.staging.end(target.slot)
    }
  }
}
