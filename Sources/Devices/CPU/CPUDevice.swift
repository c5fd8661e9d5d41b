/// The processor: what is enqueued runs at once, on the calling thread and a team of its own.
public final class CPUDevice: Device {
  public let name = "cpu"
  public let isa: CPUISA
  private let team: WorkerTeam
  private var pool = BufferPool()
  private var enqueued = 0

  /// - Parameters:
  ///   - threads: nil for as many as the affinity mask and the control group's quota allow
  ///   - isa: nil for the best that runs here
  public init(threads: Int? = nil, isa: CPUISA? = nil) throws(DeviceError) {
    self.isa = try (isa ?? .best).checked()
    team = try WorkerTeam(threads: threads)
  }

  public var threads: Int { team.count }
  public var allocatedBytes: Int { pool.allocatedBytes }

  public func allocate(byteCount: Int) throws(DeviceError) -> BufferID {
    try pool.allocate(byteCount: byteCount)
  }

  @unsafe public func register(
    _ bytes: UnsafeRawBufferPointer, owner: AnyObject
  ) throws(DeviceError) -> BufferID {
    try unsafe pool.register(bytes, owner: owner)
  }

  public func release(_ buffer: BufferID) { pool.release(buffer) }

  public func byteCount(of buffer: BufferID) -> Int { pool[buffer].byteCount }

  public func makeLaunches(
    _ descriptions: [LaunchDescription]
  ) throws(DeviceError) -> LaunchList {
    try LaunchList(descriptions, isa: isa, pool: pool)
  }

  public func enqueue(_ launches: LaunchList) {
    team.run(launches)
    enqueued += 1
  }

  public func enqueueWrite(from source: StagingPlace, to target: BufferPlace, byteCount: Int) {
    pool.write(from: source, to: target, byteCount: byteCount)
    enqueued += 1
  }

  public func enqueueRead(from source: BufferPlace, to target: StagingPlace, byteCount: Int) {
    pool.read(from: source, to: target, byteCount: byteCount)
    enqueued += 1
  }

  public func mark() -> StreamMark { StreamMark(number: enqueued) }

  public func wait(for mark: StreamMark) throws(DeviceError) {}

  public func synchronize() throws(DeviceError) {}
}
